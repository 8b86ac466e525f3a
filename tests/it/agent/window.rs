//! Averages between scrapes.

use gpulse::agent::{Average, DeviceFault, Figure, Reading, Window};
use gpulse::cluster::Timestamp;
use proptest::prelude::*;

use super::page::read;
use crate::support::NOW;

fn reading(second: u64, percent: u64) -> Reading {
    let mut gpu = read(0, &[(Figure::GpuUtilPercent, percent), (Figure::PowerMilliwatts, percent * 1000)]);
    gpu.taken_at = at(second);
    Reading { taken_at: at(second), driver_version: None, gpus: vec![gpu] }
}

/// The reading of a later second in which the GPU could not be read anew.
fn still(reading: Reading, second: u64) -> Reading {
    let mut still = Reading { taken_at: at(second), ..reading };
    still.gpus[0].fault = Some(DeviceFault::Lost);
    still
}

fn at(second: u64) -> Timestamp {
    Timestamp(NOW.0 + second * 1000)
}

/// A second of being busy.
const SECOND: u64 = 1_000_000_000;

fn utilization(average: Average) -> Option<u64> {
    average.utilization_ppm
}

#[test]
fn what_is_read_between_scrapes_counts_alike() {
    let mut window = Window::default();
    [0, 100, 50].into_iter().zip(0..).for_each(|(percent, second)| window.add(&reading(second, percent)));
    let averages = window.close();
    assert_eq!(utilization(averages.of((0, None))), Some(500_000));
    assert_eq!(averages.of((0, None)).power_milliwatts, Some(50_000));
    assert_eq!(averages.of((0, None)).memory_used_bytes, None, "never measured");
    assert_eq!((averages.since, averages.until), (at(0), at(2)));
}

#[test]
fn a_window_begins_where_the_last_one_ended() {
    let mut window = Window::default();
    window.add(&reading(0, 100));
    window.close();
    window.add(&reading(10, 20));
    let averages = window.close();
    assert_eq!((averages.since, averages.until), (at(0), at(10)));
    assert_eq!(utilization(averages.of((0, None))), Some(200_000));
}

#[test]
fn a_second_scrape_before_the_next_reading_sees_the_same() {
    let mut window = Window::default();
    window.add(&reading(0, 40));
    let averages = window.close();
    assert_eq!(window.close(), averages);
}

/// However many scrape, and however often: the time in all is nobody's.
#[test]
fn time_busy_goes_on_over_scrapes() {
    let mut window = Window::default();
    let busy = |window: &mut Window| window.close().busy((0, None));
    assert_eq!(busy(&mut window), None);
    window.add(&reading(0, 100));
    assert_eq!(busy(&mut window), Some(0), "nothing is known of the time before the first reading");
    window.add(&reading(1, 100));
    assert_eq!(busy(&mut window), Some(SECOND));
    window.add(&reading(3, 25));
    assert_eq!(busy(&mut window), Some(SECOND + SECOND / 2));
    assert_eq!(busy(&mut window), Some(SECOND + SECOND / 2));
}

#[test]
fn a_time_without_readings_is_not_called_busy() {
    let mut window = Window::default();
    window.add(&reading(0, 100));
    window.add(&reading(1, 100));
    window.add(&still(reading(1, 100), 2));
    window.add(&reading(60, 100));
    assert_eq!(window.close().busy((0, None)), Some(SECOND), "a GPU that hung");
    window.interrupt(|_| true);
    window.add(&reading(120, 100));
    window.add(&reading(121, 100));
    assert_eq!(window.close().busy((0, None)), Some(2 * SECOND), "a driver that was away");
}

#[test]
fn a_gpu_that_is_not_read_any_more_adds_nothing() {
    let mut window = Window::default();
    window.add(&reading(0, 100));
    window.add(&reading(1, 0));
    window.add(&still(reading(1, 0), 2));
    assert_eq!(utilization(window.close().of((0, None))), Some(500_000));
}

proptest! {
    /// However the readings fall into windows, an average lies between what was read.
    #[test]
    fn an_average_lies_between_the_extremes(percents in prop::collection::vec(0_u64..=100, 1..40)) {
        let mut window = Window::default();
        percents.iter().zip(0..).for_each(|(percent, second)| window.add(&reading(second, *percent)));
        let average = utilization(window.close().of((0, None))).unwrap();
        let (low, high) = (percents.iter().min().unwrap(), percents.iter().max().unwrap());
        prop_assert!((low * 10_000..=high * 10_000).contains(&average));
    }
}
