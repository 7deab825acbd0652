//! `[[call_site]]`: the names that people gave to call sites.

use super::{category, names};
use crate::{
    NamedCallSite,
    mistake::{Notes, place},
    raw::RawCallSite,
};
use policy::is_call_site;

/// Each name may be a category, and a report with more of them is not read.
const CALL_SITES_MAX: usize = 200;

pub(super) fn all(notes: &mut Notes<'_>, raw: &[RawCallSite]) -> Vec<NamedCallSite> {
    names::refuse_twice(notes, "call site", raw.iter().filter_map(|raw| raw.site.as_ref()));
    if let Some(beyond) = raw.get(CALL_SITES_MAX) {
        let what = format!("{} call sites have names", raw.len());
        let remedy = format!("keep {CALL_SITES_MAX}; one rule may claim what several say");
        notes.error(place(beyond.site.as_ref(), &(0..0)), what, remedy);
    }
    raw.iter().filter_map(|raw| call_site(notes, raw)).collect()
}

fn call_site(notes: &mut Notes<'_>, raw: &RawCallSite) -> Option<NamedCallSite> {
    if let Some(site) = raw.site.as_ref().filter(|site| !is_call_site(site.get_ref())) {
        let what = format!("`{}` is no call site", site.get_ref());
        let remedy = "copy it from `foreshadow categories`: site- and twelve digits";
        notes.error(site.span(), what, remedy);
    }
    if let Some(name) = &raw.name {
        category::check_name(notes, name);
    }
    let (site, name) = (raw.site.as_ref()?, raw.name.as_ref()?);
    Some(NamedCallSite { site: site.get_ref().clone(), name: name.get_ref().clone() })
}
