//! How the data are read: looks, checks, segments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::people::VariantShare;
use crate::spec::design::SrmAction;
use crate::spec::{Boundary, Method, Sides, Spending};

tables! {
    /// The looks of a sequential design.
    Sequential {
        /// The kind of bounds.
        method: Method = "group-sequential",
        /// How fast alpha is spent.
        spending: Option<Spending> = "obrien-fleming",
        /// The parameter of the spending family.
        spending_parameter: Option<f64> = 2.0,
        /// The boundary of an always-valid design.
        boundary: Option<Boundary> = "asymptotic",
        /// The tuning parameter of an always-valid design: planned information times rho squared; null for a mixture.
        precision: Option<f64> = 8.6,
        /// Whether both directions have a bound.
        sides: Sides = "two",
        /// True when the data may be looked at on any day: the looks are a day apart and stand for that.
        any_time: bool = false,
        /// How futility may stop the run: its spending function and whether it binds; `none` without.
        futility: String = "none",
        /// The looks, first to last.
        looks: Vec<Look> = [{ "k": 1, "information": 0.5, "date": "2027-01-29", "z": 2.9625880427, "futility_z": null, "can_stop": true, "alpha_spent": 0.0015253 }],
    }

    /// A look with its bound.
    Look {
        /// From 1.
        k: usize = 1,
        /// The part of the planned information.
        information: f64 = 0.5,
        /// The day on which the units of this look have complete windows.
        #[schemars(extend("format" = "date"))]
        date: Option<String> = "2027-01-29",
        /// The bound of the z statistic; null where the look cannot stop.
        z: Option<f64> = 2.9625880427,
        /// Below this z statistic the run is hopeless; null where futility does not stop.
        futility_z: Option<f64> = 0.4,
        /// False where the bound is infinite.
        can_stop: bool = true,
        /// Alpha spent up to this look.
        alpha_spent: Option<f64> = 0.0015253,
    }

    /// The checks that the data must pass before any result is read.
    DataQuality {
        /// The sample-ratio check.
        srm: SrmBlock = { "check": true, "alpha": 0.001, "degrees_of_freedom": 1, "critical_value": 10.827566170662733, "action": "stop", "expected": [], "smallest_leak": null },
    }

    /// The sample-ratio check: Pearson's chi-square of the counts against the planned split.
    SrmBlock {
        /// False when it is switched off.
        check: bool = true,
        /// Below this p-value the ratio is wrong.
        alpha: f64 = 0.001,
        /// Variants with a positive weight, less one.
        degrees_of_freedom: usize = 1,
        /// The chi-square value at which it rejects; null with fewer than two variants.
        critical_value: Option<f64> = 10.827566170662733,
        /// What happens then.
        action: SrmAction = "stop",
        /// The planned split.
        expected: Vec<VariantShare> = [{ "variant": "control", "share": 0.5 }],
        /// The smallest leak that it notices nine times in ten; null while no size says how many units come.
        smallest_leak: Option<LeakBlock> = { "variant": "control", "part": 0.0151, "units": 366000 },
    }

    /// Units of one variant that never reach the data.
    LeakBlock {
        /// The variant in which the check notices least.
        variant: String = "control",
        /// The part of its units that is lost.
        part: f64 = 0.0151,
        /// Units of all variants by the end.
        units: u64 = 366000,
    }

    /// A group in which effects are also reported.
    Segment {
        /// The attribute.
        attribute: String = "platform",
        /// When the attribute is read.
        as_of: String = "exposure",
        /// Always `pre-declared`; other groups are exploratory.
        status: String = "pre-declared",
    }
}
