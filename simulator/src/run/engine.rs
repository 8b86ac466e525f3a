//! One event after the other.

use super::hopeless::hopeless;
use super::queue::{Discipline, Queue, Waiting};
use super::schedule::Coming;
use super::world::World;
use crate::cluster::Slot;
use crate::placement::Reason;
use crate::policy::{Arrival, Choice, Stage};

/// Something that happened to a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// When, in milliseconds.
    pub at_ms: u64,
    /// To which pod.
    pub pod: Arrival,
    /// What.
    pub what: What,
}

/// What can happen to a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It came, and waits.
    Came,
    /// It came and went: it fits no node, not even an empty one.
    Refused(Reason),
    /// It started.
    Started {
        /// On which node.
        slot: Slot,
        /// How long it had waited, in milliseconds.
        waited_ms: u64,
    },
    /// It was done and left.
    Left {
        /// Which node.
        slot: Slot,
    },
}

/// Lets the pods come, wait, run and leave, until all have left, and tells what happens in the order in which it does.
/// `pods` are in the order in which they come.
pub fn simulate(
    stage: Stage<'_>,
    policy: Choice,
    pods: &[Coming],
    discipline: Discipline,
    mut tell: impl FnMut(Record),
) {
    let hopeless = hopeless(stage.workload);
    let mut world = World::new(stage, policy);
    let mut queue = Queue::new(discipline);
    let mut coming = (0..).zip(pods).peekable();
    loop {
        let arrival_ms = coming.peek().map_or(u64::MAX, |(_, pod)| pod.at_ms);
        if let Some(now_ms) = world.next_departure_ms().filter(|at_ms| *at_ms <= arrival_ms) {
            let Some(gone) = world.depart() else { return };
            tell(Record { at_ms: now_ms, pod: gone.pod, what: What::Left { slot: gone.slot } });
            queue.serve(|waiting| start(&mut world, now_ms, waiting, &mut tell));
            continue;
        }
        let Some((number, next)) = coming.next() else { return };
        let (now_ms, pod) = (next.at_ms, Arrival { class: next.class, number });
        let what = hopeless[pod.class.index()].map_or(What::Came, What::Refused);
        tell(Record { at_ms: now_ms, pod, what });
        world.comes(pod);
        if what == What::Came {
            let (life_ms, priority) = (next.life_ms, next.priority);
            let waiting = Waiting { pod, came_ms: now_ms, life_ms, priority };
            queue.join(waiting, |waiting| start(&mut world, now_ms, waiting, &mut tell));
        }
    }
}

/// Starts the pod and tells of it, if there is room.
fn start(world: &mut World<'_>, now_ms: u64, waiting: &Waiting, tell: &mut impl FnMut(Record)) -> bool {
    let Some(slot) = world.start(now_ms, waiting) else { return false };
    let what = What::Started { slot, waited_ms: now_ms - waiting.came_ms };
    tell(Record { at_ms: now_ms, pod: waiting.pod, what });
    true
}
