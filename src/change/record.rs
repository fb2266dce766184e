//! Which amendments a change adds, and which it takes out.

use super::{Worth, deviations};
use crate::spec::record::DataAccess;
use crate::spec::{Amendment, Day, Spec};

/// An amendment without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub at: Option<Day>,
    pub by: Option<String>,
    pub reason: Option<String>,
    pub access: Option<DataAccess>,
    pub fields: Vec<String>,
    /// Those of the fields that were changed in sight of the results.
    pub deviating: Vec<String>,
}

impl Recorded {
    fn of(amendment: &Amendment) -> Self {
        let fields = amendment.fields.value().map_or(&[][..], |list| &list.items);
        Self {
            at: amendment.at.copied(),
            by: amendment.by.value().cloned(),
            reason: amendment.reason.value().cloned(),
            access: amendment.data_access.copied(),
            fields: fields.iter().map(|field| field.value.clone()).collect(),
            deviating: deviations(amendment).into_iter().map(|field| field.value.clone()).collect(),
        }
    }

    /// What the amendment is worth; nothing is known of one that does not say what was known.
    pub fn worth(&self) -> Option<Worth> {
        self.access.map(|_| if self.deviating.is_empty() { Worth::Amendment } else { Worth::Deviation })
    }
}

/// The amendments that only one side has: those that went, and those that came. An amendment that is rewritten is both.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Records {
    pub gone: Vec<Recorded>,
    pub added: Vec<Recorded>,
}

impl Records {
    pub(super) fn between(before: &Spec, after: &Spec) -> Self {
        let all = |spec: &Spec| -> Vec<Recorded> {
            spec.amendments.value().into_iter().flat_map(|list| list.iter()).map(|one| Recorded::of(one)).collect()
        };
        let (before, mut added) = (all(before), all(after));
        let mut gone = Vec::new();
        for one in before {
            match added.iter().position(|other| *other == one) {
                Some(at) => drop(added.remove(at)),
                None => gone.push(one),
            }
        }
        Self { gone, added }
    }
}
