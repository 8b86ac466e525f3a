//! How long a decision takes: each verb and each strategy of the table at three sizes of cluster, the whole call from a
//! request's bytes to a reply's, and what keeps the picture current.
//!
//! Run `cargo bench --bench core`; as part of the tests everything runs once, tiny.
#![expect(clippy::print_stdout, reason = "a bench prints")]

mod fixture {
    pub(crate) mod fleet;
    pub(crate) mod picture;
    pub(crate) mod wire;
}

use std::hash::{DefaultHasher, Hash, Hasher};
use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion};
use fixture::fleet::{Member, fleet};
use fixture::{picture, wire};
use gpulse::cluster::kubernetes::{Pod, Reader};
use gpulse::cluster::{ModelPattern, PodRequest, Timestamp};
use gpulse::placement::{AffinityRules, Candidate, Profile, STRATEGIES, Strategy, filter, prioritize};

/// The moment at which the benches take place.
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn main() {
    // Cargo says `--bench` only when somebody measures.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let sizes: &[usize] = if measured { &[100, 1000, 5000] } else { &[20] };
    let mut criterion = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for nodes in sizes {
        let fleet = fleet(*nodes);
        decisions(&mut criterion, &fleet);
        changes(&mut criterion, &fleet);
        #[cfg(feature = "extender")]
        calls(&mut criterion, &fleet);
    }
    criterion.final_summary();
}

/// Filter and prioritize by each strategy, and finding the candidates by their names.
fn decisions(criterion: &mut Criterion, fleet: &[Member]) {
    let reader = Reader::default();
    let snapshot = picture::board(&reader, fleet, NOW).snapshot(NOW);
    let pod = waiting_pod(&reader);
    let body = wire::extender_args(fleet);
    let names = wire::node_names(&body);
    let find = || Candidate::all_named(&snapshot, &names);
    let candidates = find();
    let mut group = criterion.benchmark_group("decision");
    group.bench_function(BenchmarkId::new("candidates", fleet.len()), |bench| bench.iter(find));
    for strategy in STRATEGIES {
        let profile = profile(strategy);
        let filter = || filter(&snapshot, black_box(&pod), &profile, &candidates);
        let prioritize = || prioritize(&snapshot, black_box(&pod), &profile, &candidates);
        let points: Vec<u8> = prioritize().iter().map(|ranked| ranked.points).collect();
        say(fleet, strategy.name, &(format!("{:?}", filter()), points));
        let id = |verb: &str| BenchmarkId::new(format!("{verb}/{}", strategy.name), fleet.len());
        group.bench_function(id("filter"), |bench| bench.iter(filter));
        group.bench_function(id("prioritize"), |bench| bench.iter(prioritize));
    }
    group.finish();
}

/// One pod that goes and comes back, and one refresh of telemetry, each up to the published snapshot.
fn changes(criterion: &mut Criterion, fleet: &[Member]) {
    let reader = Reader::default();
    let board = picture::board(&reader, fleet, NOW);
    let pod = picture::bound(&reader, &fleet[0]).next().expect("each node has pods");
    let refreshes = [NOW, Timestamp(NOW.0 + 15_000)].map(|now| picture::samples(fleet, now));
    let mut group = criterion.benchmark_group("change");
    group.bench_function(BenchmarkId::new("pod", fleet.len()), |bench| {
        bench.iter(|| {
            board.update(|assembly| assembly.delete_pod(&pod.request.key));
            board.update(|assembly| assembly.apply_pod(pod.clone()));
        });
    });
    let mut next = refreshes.iter().cycle();
    group.bench_function(BenchmarkId::new("samples", fleet.len()), |bench| {
        bench.iter_batched(
            || next.next().cloned().unwrap_or_default(),
            |samples| board.update(|assembly| assembly.apply_samples(samples)),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

/// The whole call without the socket: what DESIGN's budget calls the time inside gpulse.
#[cfg(feature = "extender")]
fn calls(criterion: &mut Criterion, fleet: &[Member]) {
    use std::sync::Arc;

    use gpulse::extender::{Extender, Profiles, Verb};

    let reader = Reader::default();
    let board = picture::board(&reader, fleet, NOW);
    let standard = Profile::standard("default");
    let profiles = STRATEGIES.iter().map(|strategy| profile(strategy)).chain([standard]);
    let profiles = Profiles::new(profiles, Arc::new(|_| None)).expect("each strategy has one name");
    let extender = Extender::new(Arc::new(move || board.snapshot(NOW)), reader, profiles);
    let body = wire::extender_args(fleet);
    let mut group = criterion.benchmark_group("call");
    for verb in [Verb::Filter, Verb::Prioritize] {
        for strategy in STRATEGIES {
            let call = || extender.answer(verb, Some(strategy.name), black_box(&body));
            say(fleet, &format!("{} {}", verb.name(), strategy.name), &call().body);
            let id = BenchmarkId::new(format!("{}/{}", verb.name(), strategy.name), fleet.len());
            group.bench_function(id, |bench| bench.iter(call));
        }
    }
    group.finish();
}

/// A profile of the strategy's name.
fn profile(strategy: &'static Strategy) -> Profile {
    let models = ["H100", "A100"].iter().filter_map(|model| ModelPattern::new(model));
    let affinity = AffinityRules {
        models: models.collect(),
        model_weight: 4,
        memory_weight: 2,
        owner_weight: 1,
        ..AffinityRules::default()
    };
    Profile { strategy, affinity, ..Profile::standard(strategy.name) }
}

fn waiting_pod(reader: &Reader) -> PodRequest {
    let pod: Pod = serde_json::from_slice(wire::waiting_pod()).expect("a Pod");
    reader.pod(&pod).expect("a readable pod")
}

/// Says by which hash to recognise an answer: a change that only makes things faster leaves it as it is.
fn say(fleet: &[Member], what: &str, answer: &impl Hash) {
    let mut hasher = DefaultHasher::new();
    answer.hash(&mut hasher);
    println!("{} nodes, {what}: the answer's hash is {:016x}", fleet.len(), hasher.finish());
}
