//! The palette can be told apart: contrast after WCAG 2.2, distance in OKLab (Ottosson 2020) as
//! seen by everyone (Machado, Oliveira and Fernandes 2009, full severity).

use std::collections::BTreeMap;

const STYLE: &str = include_str!("../assets/page.css");

type Rgb = [f64; 3];

/// Identity, protanopia, deuteranopia, tritanopia, on linear RGB.
const VISIONS: [[[f64; 3]; 3]; 4] = [
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
];

/// The colour variables of the n-th rule that begins with `selector`.
fn palette(selector: &str, nth: usize) -> BTreeMap<&'static str, &'static str> {
    let (start, _) = STYLE.match_indices(selector).nth(nth).expect("the rule");
    let start = start + selector.len();
    let rule = &STYLE[start..start + STYLE[start..].find('}').expect("its end")];
    let declarations = rule.split(';').filter_map(|it| it.trim().split_once(':'));
    declarations
        .filter(|(name, _)| name.starts_with("--"))
        .map(|(name, value)| (name, value.trim()))
        .collect()
}

fn light() -> BTreeMap<&'static str, &'static str> {
    palette(":root {", 0)
}

fn dark() -> BTreeMap<&'static str, &'static str> {
    palette(":root[data-theme=\"dark\"] {", 0)
}

/// Linear RGB of `#rrggbb`.
fn linear(colour: &str) -> Rgb {
    let bits = u32::from_str_radix(&colour[1..7], 16).expect("six digits");
    [16, 8, 0].map(|shift| {
        let share = f64::from(bits >> shift & 255) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    })
}

fn contrast(a: &str, b: &str) -> f64 {
    let luminance = |colour| {
        let [r, g, b] = linear(colour);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn times(matrix: &[[f64; 3]; 3], v: Rgb) -> Rgb {
    std::array::from_fn(|row| (0..3).map(|column| matrix[row][column] * v[column]).sum())
}

fn oklab(rgb: Rgb) -> Rgb {
    let cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ];
    let lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ];
    times(&lab, times(&cones, rgb).map(f64::cbrt))
}

/// The least distance of any two colours as anyone sees them.
fn least_distance(palette: &BTreeMap<&str, &str>, names: &[&str]) -> f64 {
    let mut least = f64::INFINITY;
    for vision in &VISIONS {
        let seen = |name: &&str| {
            let colour = times(vision, linear(palette[*name])).map(|it| it.clamp(0.0, 1.0));
            oklab(colour)
        };
        let seen: Vec<Rgb> = names.iter().map(seen).collect();
        for (position, a) in seen.iter().enumerate() {
            for b in &seen[position + 1..] {
                let square: f64 = (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum();
                least = least.min(square.sqrt() * 100.0);
            }
        }
    }
    least
}

#[test]
fn the_formulas_are_the_published_ones() {
    assert!((contrast("#ffffff", "#000000") - 21.0).abs() < 1e-9);
    let white = oklab([1.0, 1.0, 1.0]);
    assert!((white[0] - 1.0).abs() < 1e-4 && white[1].abs() < 1e-4 && white[2].abs() < 1e-4);
}

#[test]
fn outcomes_and_verdicts_can_be_told_apart_by_everyone() {
    let (outcomes, verdicts) =
        (["--ok", "--info", "--fail"], ["--valid", "--invalid", "--unknown", "--harness"]);
    for (palette, outcome_least, verdict_least) in [(light(), 28.0, 14.0), (dark(), 23.0, 16.0)] {
        let (outcome, verdict) =
            (least_distance(&palette, &outcomes), least_distance(&palette, &verdicts));
        assert!(outcome >= outcome_least, "outcomes {outcome:.1}");
        assert!(verdict >= verdict_least, "verdicts {verdict:.1}");
    }
}

#[test]
fn text_and_marks_have_contrast() {
    for palette in [light(), dark()] {
        for ground in ["--paper", "--soft"] {
            for text in ["--ink", "--dim"] {
                let contrast = contrast(palette[text], palette[ground]);
                assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2}");
            }
        }
        for text in ["--valid", "--invalid", "--unknown", "--harness"] {
            let contrast = contrast(palette[text], palette["--paper"]);
            assert!(contrast >= 4.5, "{text}: {contrast:.2}");
        }
        for mark in ["--ok", "--info", "--fail", "--focus", "--over-heat"] {
            let contrast = contrast(palette[mark], palette["--paper"]);
            assert!(contrast >= 3.0, "{mark}: {contrast:.2}");
        }
    }
}

/// The lines of the quantiles run over the density of latencies.
#[test]
fn quantiles_stand_out_from_the_density() {
    for palette in [light(), dark()] {
        for heat in ["--heat-1", "--heat-2", "--heat-3", "--heat-4", "--heat-5"] {
            let contrast = contrast(palette["--over-heat"], palette[heat]);
            assert!(contrast >= 3.0, "{heat}: {contrast:.2}");
        }
    }
}

#[test]
fn both_ways_into_a_theme_lead_to_the_same_colours() {
    assert_eq!(palette(":root:not([data-theme=\"light\"]) {", 0), dark());
    let mut print = palette(":root, :root[data-theme=\"dark\"] {", 0);
    print.insert("--focus", light()["--focus"]);
    assert_eq!(print, light());
}
