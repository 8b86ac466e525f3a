//! How long the decision takes: each verb and each strategy of the table, at three sizes of cluster, and what keeps the
//! picture current. Run `cargo bench --bench core`; as part of the tests everything runs once, tiny.
#![expect(clippy::print_stdout, reason = "a bench prints")]

mod fixture;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion};
use fixture::{fleet, picture, wire};
use gpulse::cluster::kubernetes::{Pod, Reader};
use gpulse::cluster::{ModelPattern, PodRequest, Timestamp};
use gpulse::placement::{AffinityRules, Candidate, Profile, STRATEGIES, filter, prioritize};

/// The moment at which the benches take place.
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn main() {
    // Cargo says `--bench` only when somebody measures.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let sizes: &[usize] = if measured { &[100, 1000, 5000] } else { &[20] };
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for nodes in sizes {
        let fleet = fleet::fleet(*nodes);
        decisions(&mut criterion, &fleet);
        changes(&mut criterion, &fleet);
    }
    criterion.final_summary();
}

/// Filter and prioritize by each strategy, and finding the candidates by their names.
fn decisions(criterion: &mut Criterion, fleet: &[fleet::Member]) {
    let snapshot = picture::board(fleet, NOW).snapshot(NOW);
    let pod = waiting_pod();
    let names = wire::candidates(fleet);
    let find = || names.iter().map(|name| Candidate::named(&snapshot, name)).collect::<Vec<_>>();
    let candidates = find();
    let mut group = criterion.benchmark_group("decision");
    group.bench_function(BenchmarkId::new("candidates", fleet.len()), |bench| bench.iter(find));
    for strategy in STRATEGIES {
        let profile = Profile { strategy, affinity: affinity_rules(), ..Profile::standard("bench") };
        let decide_filter = || filter(&snapshot, black_box(&pod), &profile, &candidates);
        let decide_prioritize = || prioritize(&snapshot, black_box(&pod), &profile, &candidates);
        let points: Vec<u8> = decide_prioritize().iter().map(|ranked| ranked.points).collect();
        let answers = hash(&(format!("{:?}", decide_filter()), points));
        println!("{} nodes, {}: answers hash to {answers:016x}", fleet.len(), strategy.name);
        let id = |verb: &str| BenchmarkId::new(format!("{verb}/{}", strategy.name), fleet.len());
        group.bench_function(id("filter"), |bench| bench.iter(decide_filter));
        group.bench_function(id("prioritize"), |bench| bench.iter(decide_prioritize));
    }
    group.finish();
}

/// One pod that comes and goes, and one refresh of telemetry, each up to the published snapshot.
fn changes(criterion: &mut Criterion, fleet: &[fleet::Member]) {
    let board = picture::board(fleet, NOW);
    let pod = picture::bound(&Reader::default(), &fleet[0]).next().expect("each node has pods");
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

fn waiting_pod() -> PodRequest {
    let pod: Pod = serde_json::from_slice(wire::waiting_pod()).expect("a Pod");
    Reader::default().pod(&pod).expect("a readable pod")
}

fn affinity_rules() -> AffinityRules {
    AffinityRules {
        models: ["H100", "A100"].iter().filter_map(|model| ModelPattern::new(model)).collect(),
        model_weight: 4,
        memory_weight: 2,
        owner_weight: 1,
        ..AffinityRules::default()
    }
}

fn hash(answer: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    answer.hash(&mut hasher);
    hasher.finish()
}
