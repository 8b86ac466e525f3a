//! What those see who look: a page that stands alone, and its figures.

use std::collections::BTreeSet;

use gpulse_simulator::fill;
use gpulse_simulator::output::{Illustrated, Page};
use gpulse_simulator::policy::Choice;
use gpulse_simulator::run::{self, Arrivals, Discipline, Extent, Lives, Plan, Traffic};
use gpulse_simulator::runs::Shard;
use gpulse_simulator::workload::Arrive;
use roxmltree::{Document, ParsingOptions};

use crate::support::small;

const COMMAND_LINE: &str = "gpulse-sim fill --pods 'a <b> & \"c\".csv'";

fn policies() -> Vec<Choice> {
    ["fgd", "binpack", "worst-fit"].map(|name| Choice::named(name).unwrap()).to_vec()
}

/// Of a filled cluster, after so many runs.
fn filled(runs: usize) -> Page {
    let workload = small();
    let plan = fill::Experiment {
        policies: policies(),
        seeds: vec![1, 2, 3],
        arrive: Arrive::default(),
        shard: Shard::default(),
    };
    let mut finished = fill::experiment(&workload, &plan, 1, &|| true, &|_| {});
    finished.truncate(runs);
    gpulse_simulator::output::fill::Report::of(&workload, &plan, &finished).page().unwrap()
}

/// Of a run in time, after so many runs.
fn ran(runs: usize) -> Page {
    let workload = small();
    let plan = Plan {
        arrivals: Arrivals::Poisson("0.9".parse().unwrap()),
        lives: Lives::Exponential { mean_ms: 60_000 },
        warm_up_ms: None,
        extent: Extent::Pods(500),
        queue: Discipline::Backfill { depth: 200 },
        rhythm: run::Rhythm::default(),
        priorities: false,
    };
    let traffic = Traffic::new(&workload, &[], plan).unwrap();
    let plan = run::Experiment {
        policies: policies(),
        seeds: vec![1, 2],
        shard: Shard::default(),
        node_timeline: true,
    };
    let mut finished = run::experiment(&workload, &traffic, &plan, 1, &|| true, &|_| {});
    finished.truncate(runs);
    gpulse_simulator::output::run::Report::of(&workload, &traffic, &plan, &finished).page().unwrap()
}

fn parsed(text: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Markup that asks for nothing from elsewhere, whose parts can be told to those who cannot see it.
fn check(text: &str) {
    let document = parsed(text);
    let nodes = || document.descendants().filter(roxmltree::Node::is_element);
    for node in nodes() {
        assert!(!["script", "link", "iframe", "object"].contains(&node.tag_name().name()), "{node:?}");
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on"), "{node:?}");
            if ["href", "src", "action", "style"].contains(&attribute.name()) {
                assert!(attribute.value().starts_with("data:"), "{node:?}");
            }
        }
    }
    let named = text.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    assert!(!named.contains("http:") && !named.contains("https:") && !text.contains("url("));
    let ids: Vec<&str> = nodes().filter_map(|node| node.attribute("id")).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for svg in nodes().filter(|node| node.tag_name().name() == "svg") {
        let told = svg.attribute("aria-labelledby").unwrap().split(' ');
        assert!(told.clone().count() == 2 && told.clone().all(|id| unique.contains(id)), "{svg:?}");
        for text in svg.descendants().filter(|node| ["title", "desc"].contains(&node.tag_name().name())) {
            assert!(text.text().is_some_and(|text| !text.trim().is_empty()), "{text:?}");
        }
    }
    for number in nodes().flat_map(|node| node.attributes()).filter(|attribute| attribute.name().len() <= 2) {
        assert!(!number.value().contains("NaN") && !number.value().contains("inf"), "{number:?}");
    }
}

#[test]
fn a_page_and_its_figures_stand_alone() {
    for (page, figures) in [(filled(9), 6), (ran(6), 4)] {
        let html = page.to_html(COMMAND_LINE);
        check(&html);
        assert!(html.contains("a &lt;b&gt; &amp; \"c\".csv"));
        let alone: Vec<(String, String)> = page.figures().collect();
        assert!(alone.len() >= figures, "{}", alone.len());
        for (name, svg) in alone {
            assert!(name.ends_with(".svg") && !name.contains(['/', ' ']), "{name}");
            check(&svg);
        }
    }
}

#[test]
fn a_partial_page_says_so_and_what_was_not_run_is_not_in_it() {
    for (whole, part, none) in [(filled(9), filled(4), filled(0)), (ran(6), ran(3), ran(0))] {
        let [whole, part, none] = [whole, part, none].map(|page| page.to_html(""));
        assert!(!whole.contains("PARTIAL") && part.contains("PARTIAL") && none.contains("PARTIAL"));
        assert!(whole.contains("<th scope=\"row\">worst-fit</th>"));
        assert!(!part.contains("<th scope=\"row\">worst-fit</th>"));
        assert!(none.contains("No run was finished."));
        [part, none].iter().for_each(|html| check(html));
    }
}

#[test]
fn the_same_result_gives_the_same_bytes() {
    assert_eq!(filled(9).to_html(COMMAND_LINE), filled(9).to_html(COMMAND_LINE));
    assert!(ran(6).figures().eq(ran(6).figures()));
}
