//! The real program on a pseudo-terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use fake_nvml::SCENARIO_VARIABLE;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tempfile::TempDir;

use crate::agent::driver::{Running, gpu, node};
use crate::agent::shapes::mig;

/// Time enough on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

const ENTER_SCREEN: &str = "\x1b[?1049h";
const LEAVE_SCREEN: &str = "\x1b[?1049l";
const SHOW_CURSOR: &str = "\x1b[?25h";
/// How colour of the foreground begins.
const COLOUR: &str = "\x1b[38;5;";

/// `gpulse agent top`, on a terminal of 80 by 24.
struct Terminal {
    keys: File,
    /// Ours too, so that its modes can be asked for when the program has ended.
    screen: File,
    output: Receiver<Vec<u8>>,
    seen: String,
    child: Child,
}

impl Terminal {
    fn start(arguments: &[&str], set: &[(&str, &str)]) -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&keys, size).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap();
        let name = std::ffi::OsStr::from_bytes(name.as_bytes());
        let screen = File::options().read(true).write(true).open(name).unwrap();
        let end = || Stdio::from(screen.try_clone().unwrap());
        let mut command = Command::new("setsid");
        command.args(["--ctty", env!("CARGO_BIN_EXE_gpulse"), "agent", "top"]).args(arguments);
        // As in the agent's own container.
        command.env("NODE_NAME", "gpu-node-1").env("TERM", "xterm-256color").env_remove("NO_COLOR");
        command.envs(set.iter().copied()).stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();
        let keys = File::from(keys);
        let (mut reader, (sender, output)) = (keys.try_clone().unwrap(), channel());
        let relay = move || {
            let mut room = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut room) {
                if sender.send(room[..length].to_vec()).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().spawn(relay).unwrap();
        Self { keys, screen, output, seen: String::new(), child }
    }

    /// Waits until this text has been written.
    fn until(&mut self, text: &str) {
        while !self.seen.contains(text) {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("no {text:?} in {:?}", self.seen),
            }
        }
    }

    fn type_in(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    fn ends(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// The terminal is as a shell wants it.
    fn is_given_back(&mut self) {
        self.until(LEAVE_SCREEN);
        self.until(SHOW_CURSOR);
        let modes = tcgetattr(&self.screen).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON), "{modes:?}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_shows_the_gpus_until_q() {
    let agent = Running::start(node([gpu("GPU-a")]));
    let mut terminal = Terminal::start(&["--agent", agent.url()], &[]);
    terminal.until("A100-SXM4-80GB");
    assert!(terminal.seen.starts_with(ENTER_SCREEN) && terminal.seen.contains(COLOUR));
    terminal.type_in("\r");
    terminal.until("GPU-a");
    terminal.type_in("q");
    assert_eq!(terminal.ends().code(), Some(0));
    terminal.is_given_back();
}

#[test]
fn a_signal_ends_it_as_well() {
    let agent = Running::start(node([gpu("GPU-a")]));
    let mut terminal = Terminal::start(&["--agent", agent.url()], &[("NO_COLOR", "1")]);
    terminal.until("A100-SXM4-80GB");
    assert!(!terminal.seen.contains(COLOUR), "{:?}", terminal.seen);
    let pid = Pid::from_raw(i32::try_from(terminal.child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(terminal.ends().code(), Some(0));
    terminal.is_given_back();
}

#[test]
fn without_an_agent_it_says_so_and_goes_on() {
    let mut terminal = Terminal::start(&["--agent", "http://127.0.0.1:1"], &[]);
    terminal.until("http://127.0.0.1:1/");
    terminal.type_in("\x03");
    assert_eq!(terminal.ends().code(), Some(0));
}

#[test]
fn nvml_is_read_where_no_agent_is_wanted() {
    let folder = TempDir::new().unwrap();
    let scenario = folder.path().join("scenario.yaml");
    node([gpu("GPU-a"), mig("GPU-m", 1)]).write(&scenario).unwrap();
    let library = fake_nvml::library().unwrap();
    let set = [(SCENARIO_VARIABLE, scenario.to_str().unwrap())];
    let mut terminal = Terminal::start(&["--nvml", library.to_str().unwrap()], &set);
    terminal.until("1g.10gb");
    terminal.type_in("q");
    assert_eq!(terminal.ends().code(), Some(0));
}

#[test]
fn where_there_is_no_terminal_it_says_what_to_do() {
    let mut terminal = Terminal::start(&["--agent", "http://127.0.0.1:1"], &[("TERM", "dumb")]);
    assert_eq!(terminal.ends().code(), Some(2));
    terminal.until("gpulse agent --once prints the GPUs");

    let output = Command::new(env!("CARGO_BIN_EXE_gpulse")).args(["agent", "top"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("gpulse agent --once prints the GPUs"));
}
