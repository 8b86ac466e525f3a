//! What the library remembers between calls: the scenario as last read, whether it is initialized, what was delivered.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use nvml_wrapper_sys::bindings::*;

use crate::scenario::{Curve, Gpu, Instance, Scenario};

/// An error that a call answers.
pub(crate) type Refusal = nvmlReturn_t;

/// How often a hanging call looks whether it may return.
const HANG_POLL: Duration = Duration::from_millis(10);

/// Handles of GPUs are their indices plus one; those of instances add the instance's place plus one, times this.
const INSTANCE_STEP: usize = 1000;

static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

/// `nvmlInit_v2` was called since the driver was loaded.
static INITIALIZED: AtomicBool = AtomicBool::new(false);

/// How many of the scenario's XID errors were delivered.
pub(crate) static DELIVERED: AtomicUsize = AtomicUsize::new(0);

struct Loaded {
    path: PathBuf,
    version: Option<Version>,
    started: Instant,
    scenario: Arc<Scenario>,
}

/// Tells one scenario file from the next: several may be written in one tick of the file system's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    modified: SystemTime,
    inode: u64,
    length: u64,
}

impl Version {
    fn of(path: &Path) -> io::Result<Self> {
        let data = std::fs::metadata(path)?;
        Ok(Self { modified: data.modified()?, inode: data.ino(), length: data.len() })
    }
}

/// The moment of a call: what there is, and for how long.
#[derive(Clone)]
pub(crate) struct Now {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) elapsed: Duration,
}

impl Now {
    pub(crate) fn of(&self, curve: &Curve) -> f64 {
        curve.at(self.elapsed.as_secs())
    }
}

/// A GPU, or an instance of it, at the moment of a call.
pub(crate) struct Target {
    pub(crate) now: Now,
    pub(crate) index: usize,
    instance: Option<usize>,
}

impl Target {
    pub(crate) fn gpu(&self) -> &Gpu {
        &self.now.scenario.gpus[self.index]
    }

    pub(crate) fn instance(&self) -> Option<&Instance> {
        self.gpu().instances.get(self.instance?)
    }

    /// The GPU where the handle is its own and not an instance's.
    pub(crate) fn whole(&self) -> Option<&Gpu> {
        self.instance.is_none().then(|| self.gpu())
    }

    pub(crate) fn of(&self, curve: &Curve) -> f64 {
        self.now.of(curve)
    }

    pub(crate) fn uuid(&self) -> String {
        let (gpu, index) = (self.gpu(), self.index);
        let uuid = match gpu.uuid.as_str() {
            "" => format!("GPU-00000000-0000-0000-0000-{index:012}"),
            given => given.to_owned(),
        };
        match self.instance() {
            None => uuid,
            Some(instance) => format!("MIG-{}-{:04}", uuid.trim_start_matches("GPU-"), instance.id),
        }
    }
}

/// Reads the scenario, again where the file has changed. One that cannot be read leaves the old one in force.
fn now() -> Result<Now, Refusal> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let path = match &*loaded {
        Some(known) => known.path.clone(),
        None => std::env::var_os(crate::SCENARIO_VARIABLE)
            .map(PathBuf::from)
            .ok_or_else(|| complain(&format!("{} names no scenario file", crate::SCENARIO_VARIABLE)))?,
    };
    // Before the text: what is written in between is read once more.
    let version = Version::of(&path).ok();
    let is_news = match (&*loaded, version) {
        (Some(known), Some(_)) => known.version != version,
        (known, _) => known.is_none(),
    };
    if is_news {
        let text = std::fs::read_to_string(&path).map_err(|error| complain(&error.to_string()));
        let read = text.and_then(|text| {
            serde_saphyr::from_str::<Scenario>(&text).map_err(|error| complain(&error.to_string()))
        });
        match (read, &mut *loaded) {
            (Ok(scenario), known) => {
                let started = known.as_ref().map_or_else(Instant::now, |known| known.started);
                *known = Some(Loaded { path, version, started, scenario: Arc::new(scenario) });
            }
            (Err(refusal), None) => return Err(refusal),
            (Err(_), Some(_)) => {}
        }
    }
    let known = loaded.as_ref().ok_or(nvmlReturn_enum_NVML_ERROR_UNKNOWN)?;
    Ok(Now { scenario: known.scenario.clone(), elapsed: known.started.elapsed() })
}

/// Says on stderr what is wrong with the scenario: the C interface has no words.
fn complain(text: &str) -> Refusal {
    eprintln!("fake-nvml: {text}");
    nvmlReturn_enum_NVML_ERROR_UNKNOWN
}

/// Begins a call of `function` that needs no initialized library.
pub(crate) fn enter_early(function: &str) -> Result<Now, Refusal> {
    let mut now = now()?;
    if now.scenario.missing.iter().any(|missing| missing == function) {
        return Err(nvmlReturn_enum_NVML_ERROR_FUNCTION_NOT_FOUND);
    }
    while now.scenario.hanging.iter().any(|hanging| hanging == function) {
        std::thread::sleep(HANG_POLL);
        now = self::now()?;
    }
    if !now.scenario.driver_loaded {
        INITIALIZED.store(false, Ordering::SeqCst);
    }
    Ok(now)
}

/// Begins a call of `function`.
pub(crate) fn enter(function: &str) -> Result<Now, Refusal> {
    let now = enter_early(function)?;
    match INITIALIZED.load(Ordering::SeqCst) {
        true => Ok(now),
        false => Err(nvmlReturn_enum_NVML_ERROR_UNINITIALIZED),
    }
}

/// `nvmlInit_v2`.
pub(crate) fn initialize(now: &Now) -> Result<(), Refusal> {
    if !now.scenario.driver_loaded {
        return Err(nvmlReturn_enum_NVML_ERROR_DRIVER_NOT_LOADED);
    }
    INITIALIZED.store(true, Ordering::SeqCst);
    Ok(())
}

/// Begins a call of `function` on a device.
pub(crate) fn enter_device(function: &str, device: nvmlDevice_t) -> Result<Target, Refusal> {
    let mut now = enter(function)?;
    let code = device as usize;
    let (gpu, instance) = (code % INSTANCE_STEP, code / INSTANCE_STEP);
    let index = gpu.checked_sub(1).ok_or(nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT)?;
    loop {
        let known = now.scenario.gpus.get(index).ok_or(nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT)?;
        if known.lost {
            return Err(nvmlReturn_enum_NVML_ERROR_GPU_IS_LOST);
        }
        if !known.hanging.iter().any(|hanging| hanging == function) {
            break;
        }
        std::thread::sleep(HANG_POLL);
        now = self::now()?;
    }
    let target = Target { now, index, instance: instance.checked_sub(1) };
    if target.instance.is_some() && target.instance().is_none() {
        return Err(nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT);
    }
    Ok(target)
}

/// The handle of a GPU, or of its instance at this place.
pub(crate) fn handle(index: usize, instance: Option<usize>) -> nvmlDevice_t {
    (index + 1 + instance.map_or(0, |place| (place + 1) * INSTANCE_STEP)) as nvmlDevice_t
}
