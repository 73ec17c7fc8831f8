//! The parsers of settings about sites and the NATS server between them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::parse::items;
use crate::model::Site;
use crate::sites::{ANY, ServerUrl};
use crate::targets::{AddressList, Refusal};

/// The address of a NATS server.
pub(super) fn server_url(text: &str) -> Result<ServerUrl, Refusal> {
    ServerUrl::parse(text)
}

/// Addresses, ranges and networks.
pub(super) fn addresses(text: &str) -> Result<AddressList, Refusal> {
    AddressList::parse(text)
}

/// A path; empty for none.
#[expect(clippy::unnecessary_wraps, reason = "one parser of several")]
pub(super) fn path(text: &str) -> Result<PathBuf, Refusal> {
    Ok(PathBuf::from(text.trim()))
}

/// The name of one site.
pub(super) fn site(text: &str) -> Result<Site, Refusal> {
    let site = read_site(text)?;
    if site.as_str() == ANY {
        return Err(Refusal::new("the name of all sites together", SITE));
    }
    Ok(site)
}

/// A scan from more sites is more than a page of a host shows.
const MOST_SITES: usize = 16;
/// The advice for the name of a site.
const SITE: &str = "use 1 to 32 of a-z, 0-9, _ and -, as in berlin";

fn read_site(text: &str) -> Result<Site, Refusal> {
    let text = text.trim();
    text.parse()
        .map_err(|_| Refusal::new("not the name of a site", SITE))
}

/// The sites to scan from, by name: the first one stands for all, so the order in which they are given must not matter.
pub(super) fn sites(text: &str) -> Result<Vec<Site>, Refusal> {
    let sites = items(text).map(read_site).collect::<Result<Vec<_>, _>>()?;
    let distinct: BTreeSet<&Site> = sites.iter().collect();
    let has_any = sites.iter().any(|site| site.as_str() == ANY);
    if sites.is_empty() {
        return Err(Refusal::new("no site in it", format!("{SITE}, or any")));
    }
    if distinct.len() < sites.len() || sites.len() > MOST_SITES {
        let reason = format!("a site twice, or more than {MOST_SITES}");
        return Err(Refusal::new(reason, "name each site once"));
    }
    if has_any && sites.len() > 1 {
        return Err(Refusal::new(
            "any is all workers together",
            "use any alone, or the sites to compare",
        ));
    }
    Ok(distinct.into_iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_the_same_in_any_order() {
        assert_eq!(sites("hq, berlin"), sites("berlin,hq"));
        assert_eq!(
            sites("hq,berlin").unwrap().first(),
            "berlin".parse().ok().as_ref()
        );
    }
}
