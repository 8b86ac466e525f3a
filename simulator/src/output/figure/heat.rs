//! Heat maps: how much of each of many things in the course of time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::frame::Frame;
use super::label::width_px;
use super::scale::Axis;
use super::{Caption, Figure, LINE_AXIS_PX, MARGIN_PX, WIDTH_PX, words};
use crate::output::markup::Element;

/// A row of cells for each thing, in the order they are to stand in.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::output) struct Heat {
    pub(in crate::output) caption: Caption,
    pub(in crate::output) x: Axis,
    /// What no and what full light mean.
    pub(in crate::output) scale: (&'static str, &'static str),
    /// Beside the first row and the last.
    pub(in crate::output) ends: (String, String),
    /// Cells from left to right, each from 0 to 1; all rows have as many.
    pub(in crate::output) rows: Vec<Vec<f64>>,
}

/// No more rows than a screen has lines for: of more, neighbours are averaged.
const MOST_ROWS: usize = 400;
const HEIGHT_PX: f64 = 240.0;
const TOP_PX: f64 = 34.0;

/// From nothing to all: cividis (Nunez, Anderton and Renslow, PLoS ONE 13(7), 2018), which looks the same to those who
/// see no red or no green.
const COLOURS: [[u8; 3]; 9] = [
    [0x00, 0x22, 0x4e],
    [0x12, 0x35, 0x70],
    [0x3b, 0x49, 0x6c],
    [0x57, 0x5d, 0x6d],
    [0x70, 0x71, 0x73],
    [0x8a, 0x86, 0x78],
    [0xa5, 0x9c, 0x74],
    [0xc3, 0xb3, 0x69],
    [0xfe, 0xe8, 0x38],
];
/// The last of the colours in between.
const LAST_LEVEL: u8 = 64;

impl Heat {
    /// # Errors
    /// Where the cells are no image: there are none, or rows differ in length.
    pub(in crate::output) fn draw(&self) -> Result<Figure, png::EncodingError> {
        let frame = Frame {
            left: MARGIN_PX,
            right: WIDTH_PX - 2.0 * MARGIN_PX,
            top: TOP_PX + 20.0,
            bottom: TOP_PX + 20.0 + HEIGHT_PX,
        };
        let cells = image(&self.averaged())?;
        let cells = format!("data:image/png;base64,{}", STANDARD.encode(cells));
        let image = Element::new("image").class("cells").px("x", frame.left).px("y", frame.top);
        let image = image.px("width", frame.right - frame.left).px("height", HEIGHT_PX);
        let mut drawing = self.legend();
        drawing.push(words(&self.ends.0, "quiet", frame.left, frame.top - 6.0));
        drawing.push(words(&self.ends.1, "quiet", frame.left, frame.bottom + 2.0 * LINE_AXIS_PX));
        drawing.extend(frame.across(&self.x, &self.x.ticks(5)));
        drawing.push(image.with("preserveAspectRatio", "none").with("href", cells));
        Ok(Figure {
            caption: self.caption.clone(),
            height_px: frame.bottom + 2.0 * LINE_AXIS_PX + MARGIN_PX,
            description: self.caption.note.clone(),
            drawing,
        })
    }

    /// The colours and what they mean.
    fn legend(&self) -> Vec<Element> {
        let (left, wide) = (MARGIN_PX + width_px(self.scale.0) + 8.0, 8.0);
        let mut drawn = vec![words(self.scale.0, "", MARGIN_PX, 20.0)];
        for number in 0..17_u8 {
            let [red, green, blue] = colour(number * (LAST_LEVEL / 16));
            let cell = Element::new("rect").px("x", left + f64::from(number) * wide).px("y", 9.0);
            let cell = cell.px("width", wide).px("height", 14.0);
            drawn.push(cell.with("fill", format!("#{red:02x}{green:02x}{blue:02x}")));
        }
        drawn.push(words(self.scale.1, "", left + 17.0 * wide + 8.0, 20.0));
        drawn
    }

    /// As many rows as can be told apart, each the mean of neighbours.
    fn averaged(&self) -> Vec<Vec<f64>> {
        let shown = self.rows.len().min(MOST_ROWS);
        let row = |number: usize| {
            let from = number * self.rows.len() / shown;
            let together = &self.rows[from..(number + 1) * self.rows.len() / shown];
            let mean = |column: usize| {
                let sum: f64 = together.iter().map(|row| row.get(column).copied().unwrap_or(0.0)).sum();
                sum / together.len() as f64
            };
            (0..together[0].len()).map(mean).collect()
        };
        (0..shown).map(row).collect()
    }
}

fn colour(level: u8) -> [u8; 3] {
    let each = LAST_LEVEL as usize / (COLOURS.len() - 1);
    let (place, rest) = (usize::from(level) / each, usize::from(level) % each);
    let (low, high) = (COLOURS[place], COLOURS[(place + 1).min(COLOURS.len() - 1)]);
    let mixed = |part: usize| {
        let (low, high) = (usize::from(low[part]), usize::from(high[part]));
        ((low * (each - rest) + high * rest) / each) as u8
    };
    [mixed(0), mixed(1), mixed(2)]
}

/// As PNG, a pixel for each cell.
fn image(rows: &[Vec<f64>]) -> Result<Vec<u8>, png::EncodingError> {
    let level = |cell: &f64| (cell.clamp(0.0, 1.0) * f64::from(LAST_LEVEL)).round() as u8;
    let pixels: Vec<u8> = rows.iter().flatten().map(level).collect();
    let mut bytes = Vec::new();
    let width = rows.first().map_or(0, Vec::len) as u32;
    let mut encoder = png::Encoder::new(&mut bytes, width, rows.len() as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette((0..=LAST_LEVEL).flat_map(colour).collect::<Vec<u8>>());
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heat(rows: Vec<Vec<f64>>) -> Heat {
        Heat {
            caption: Caption::new("nodes", "Nodes", "Two."),
            x: Axis::linear("", 0.0, 1.0),
            scale: ("none", "all"),
            ends: ("first".into(), "last".into()),
            rows,
        }
    }

    #[test]
    fn the_image_has_a_pixel_for_each_cell() {
        let bytes = image(&[vec![0.0, 0.5], vec![1.0, 2.0]]).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!((reader.info().width, reader.info().height), (2, 2));
        assert_eq!(pixels[..4], [0, 32, LAST_LEVEL, LAST_LEVEL]);
    }

    #[test]
    fn neighbours_are_averaged_where_there_are_too_many_rows() {
        let rows: Vec<Vec<f64>> = (0..2 * MOST_ROWS).map(|row| vec![(row % 2) as f64]).collect();
        assert_eq!(heat(rows).averaged(), vec![vec![0.5]; MOST_ROWS]);
        assert_eq!(heat(vec![vec![0.25], vec![1.0]]).averaged(), [[0.25], [1.0]]);
        let uneven = heat((0..MOST_ROWS + 13).map(|_| vec![1.0, 0.0]).collect()).averaged();
        assert!(uneven.len() == MOST_ROWS && uneven.iter().all(|row| *row == [1.0, 0.0]));
    }

    #[test]
    fn no_cells_are_no_image() {
        assert!(heat(Vec::new()).draw().is_err());
    }
}
