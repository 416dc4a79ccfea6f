//! What an authority keeps, what it speaks for, and who may read its key.

use super::*;

fn now() -> DateTime<Utc> {
    "2030-02-28T12:00:00Z".parse().unwrap()
}

fn addresses() -> Vec<Ipv4Addr> {
    vec!["192.168.1.5".parse().unwrap(), "192.0.2.7".parse().unwrap()]
}

fn open(folder: &Path, now: DateTime<Utc>) -> Result<Authority, AuthorityError> {
    Authority::open(
        folder,
        &["foyer.local".into(), "foyer".into()],
        &addresses(),
        now,
    )
}

#[test]
fn it_stays_the_same_until_it_is_about_to_end() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("lan");
    let first = open(&folder, now()).unwrap();
    let again = open(&folder, now() + Days::new(365 * 9)).unwrap();
    assert_eq!(again.certificate(), first.certificate());
    assert_eq!(again.fingerprint(), first.fingerprint());
    assert_eq!(first.fingerprint().len(), 32 * 3 - 1);
    let other = open(&folder, now() + Days::new(365 * 10 - 80)).unwrap();
    assert_ne!(other.certificate(), first.certificate());
    assert!(other.ends() > first.ends());
}

#[cfg(unix)]
#[test]
fn its_key_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("lan");
    open(&folder, now()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join(KEY)), 0o600);
}

#[test]
fn a_folder_that_is_not_whole_is_named() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), now()).unwrap();
    let path = dir.path().join(KEY);
    let other = KeyPair::generate().unwrap().serialize_pem();
    for broken in ["", "not a key", &other] {
        fs::write(&path, broken).unwrap();
        let message = open(dir.path(), now()).err().unwrap().to_string();
        assert!(message.contains("remove the folder"), "{message}");
    }
    fs::remove_file(&path).unwrap();
    let message = open(dir.path(), now()).err().unwrap().to_string();
    assert!(message.contains(KEY), "{message}");
}

#[test]
fn it_speaks_for_local_networks_and_for_where_it_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let authority = open(dir.path(), now()).unwrap();
    for covered in [
        "192.168.77.1",
        "10.1.2.3",
        "172.31.0.1",
        "192.0.2.7",
        "127.0.0.1",
    ] {
        assert!(authority.covers(covered.parse().unwrap()), "{covered}");
    }
    for other in ["192.0.2.8", "8.8.8.8", "172.32.0.1", "100.128.0.1"] {
        assert!(!authority.covers(other.parse().unwrap()), "{other}");
    }
    let leaf = authority.sign(&addresses(), now()).unwrap();
    assert_eq!(leaf.ends, now().date_naive() + Days::new(LEAF_DAYS));
}

#[test]
fn a_leap_day_has_an_end_too() {
    let made = "2028-02-29".parse().unwrap();
    let kept = Kept {
        made,
        names: Vec::new(),
        addresses: Vec::new(),
    };
    assert!(kept.ends() > made + Days::new(3649) && kept.params().is_ok());
}
