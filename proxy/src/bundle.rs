//! A set of policies as one file: a tar archive, compressed or not, and an Ed25519 signature over its bytes.
//!
//! A bundle is read only after its signature was checked, and even then only as far as it is policies: plain files
//! of YAML, within a size, at paths that stay inside. What else is in it is an error and not passed over, because
//! whoever made it meant something by it.

use std::fmt::Write as _;
use std::io::{Cursor, Read, Write as _};
use std::path::{Component, Path};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, EntryType, Header};

/// How many times larger than the largest bundle its content may be.
const SWELLING: u64 = 16;
/// How many files a bundle may have.
const FILES: usize = 4096;
/// What stands before the key in a public key of Ed25519 (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The length of a public key.
const KEY: usize = 32;
/// The length of a signature.
const SIGNATURE: usize = 64;

/// Why a bundle is not used, or cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The text is no public key.
    #[error("it is no Ed25519 public key; `openssl pkey -in KEY -pubout` writes one")]
    PublicKey,
    /// The text is no private key.
    #[error("it is no Ed25519 private key; `openssl genpkey -algorithm ed25519` makes one")]
    PrivateKey,
    /// The text is no signature.
    #[error("the signature is not one of Ed25519: 64 bytes, plain or in Base64")]
    Signature,
    /// The signature is one, and not of these bytes by this key.
    #[error("the signature does not belong to this bundle and key")]
    Forged,
    /// It is no archive, or broken off.
    #[error("it is not a tar archive, or not all of it: {0}")]
    Archive(#[from] std::io::Error),
    /// Something is in it that does not belong there.
    #[error("`{name}` in it {reason}")]
    Entry {
        /// The entry.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is too much in it.
    #[error("it unpacks to more than {limit} bytes or {FILES} files")]
    Swollen {
        /// How much would be taken.
        limit: u64,
    },
}

/// A file of a bundle: its path in it, and its text.
pub type Entry = (String, String);

/// Packs files, so that the same files always make the same bytes.
///
/// # Errors
/// When a path is too long for an archive.
pub fn pack(files: &[Entry]) -> Result<Vec<u8>, BundleError> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for (path, text) in files {
        let mut header = Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(EntryType::Regular);
        builder.append_data(&mut header, path, text.as_bytes())?;
    }
    Ok(builder.into_inner()?.finish()?)
}

/// Unpacks a bundle of at most `max_bytes`.
///
/// # Errors
/// When it is no archive, holds something else than policies, or too much of it.
pub fn unpack(bytes: &[u8], max_bytes: u64) -> Result<Vec<Entry>, BundleError> {
    let limit = max_bytes.saturating_mul(SWELLING);
    let plain: Box<dyn Read + '_> = match bytes {
        [0x1f, 0x8b, ..] => Box::new(GzDecoder::new(bytes)),
        _ => Box::new(Cursor::new(bytes)),
    };
    let mut archive = Archive::new(plain.take(limit));
    let mut files: Vec<Entry> = Vec::new();
    let mut total: u64 = 0;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let name = path.display().to_string();
        let wrong = |reason| BundleError::Entry { name: name.clone(), reason };
        match entry.header().entry_type() {
            EntryType::Directory => continue,
            EntryType::Regular | EntryType::GNULongName | EntryType::XHeader | EntryType::XGlobalHeader => {}
            _ => return Err(wrong("is no plain file")),
        }
        total = total.saturating_add(entry.size());
        if total > limit || files.len() >= FILES {
            return Err(BundleError::Swollen { limit });
        }
        let Some(inside) = inside(&path) else { return Err(wrong("lies outside of it")) };
        if !is_yaml(&path) {
            return Err(wrong("is neither a policy nor its test: `*.yaml`"));
        }
        let mut text = String::new();
        entry.read_to_string(&mut text).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => wrong("is not text in UTF-8"),
            _ => BundleError::Archive(error),
        })?;
        if text.len() as u64 != entry.size() {
            return Err(wrong("is not all there"));
        }
        if files.iter().any(|(name, _)| *name == inside) {
            return Err(wrong("is there twice"));
        }
        files.push((inside, text));
    }
    files.sort();
    Ok(files)
}

/// The path as it is inside a bundle; nothing for one that leads out of it.
fn inside(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// The digest of a bundle, in hex.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The bytes of a signature that is written plainly or in Base64.
///
/// # Errors
/// When it is neither.
pub fn plain(signature: &[u8]) -> Result<Vec<u8>, BundleError> {
    if signature.len() == SIGNATURE {
        return Ok(signature.to_vec());
    }
    let decoded = STANDARD.decode(signature.trim_ascii()).ok();
    decoded.filter(|plain| plain.len() == SIGNATURE).ok_or(BundleError::Signature)
}

/// The key that bundles are checked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; KEY]);

impl PublicKey {
    /// Reads one, as PEM or as its 32 bytes in Base64.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(text: &str) -> Result<Self, BundleError> {
        let raw = match SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes()) {
            Ok(der) => der.as_ref().strip_prefix(&SPKI).map(<[u8]>::to_vec),
            Err(_) => STANDARD.decode(text.trim()).ok(),
        };
        let raw = raw.and_then(|raw| <[u8; KEY]>::try_from(raw).ok());
        raw.map(Self).ok_or(BundleError::PublicKey)
    }

    /// Checks a signature, plain or in Base64.
    ///
    /// # Errors
    /// When it is none, or not of these bytes by this key.
    pub fn check(&self, bytes: &[u8], signature: &[u8]) -> Result<(), BundleError> {
        let plain = plain(signature)?;
        UnparsedPublicKey::new(&ED25519, self.0).verify(bytes, &plain).map_err(|_| BundleError::Forged)
    }
}

/// The key that bundles are signed with.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Reads one, as the PEM that `openssl genpkey -algorithm ed25519` writes.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(pem: &str) -> Result<Self, BundleError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| BundleError::PrivateKey)?;
        // OpenSSL leaves the public half out, which is allowed: it follows from the private one.
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der())
            .map(Self)
            .map_err(|_| BundleError::PrivateKey)
    }

    /// The signature of a bundle, in Base64.
    pub fn sign(&self, bytes: &[u8]) -> String {
        STANDARD.encode(self.0.sign(bytes))
    }
}

/// A bundle and its signature in one file, for a disk: a crash leaves both or neither.
pub fn join(signature: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    // A vector takes whatever is written to it.
    let _ = writeln!(joined, "{}", STANDARD.encode(signature));
    joined.extend_from_slice(bytes);
    joined
}

/// What `join` put together; nothing if it did not.
pub fn part(joined: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let end = joined.iter().position(|byte| *byte == b'\n')?;
    let (signature, bytes) = joined.split_at_checked(end)?;
    Some((STANDARD.decode(signature).ok()?, bytes.get(1..)?))
}

#[cfg(test)]
mod tests {
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use tar::{Builder, EntryType, Header};

    use super::{BundleError, Entry, PublicKey, SigningKey, join, pack, part, unpack};

    // The first pair of RFC 8032, section 7.1: known to everybody, and good for tests alone.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";
    const PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    fn files() -> Vec<Entry> {
        vec![("a.yaml".to_owned(), "one".to_owned()), ("deep/b.test.yaml".to_owned(), "two".to_owned())]
    }

    fn archive(name: &str, kind: EntryType, text: &[u8]) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_entry_type(kind);
        // The library would not write a path that leads out.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        if kind.is_symlink() {
            header.set_link_name("/etc/passwd").expect("a link");
        }
        header.set_cksum();
        builder.append(&header, text).expect("appended");
        builder.into_inner().expect("finished")
    }

    #[test]
    fn what_was_packed_comes_out_again_and_the_bytes_are_always_the_same() {
        let packed = pack(&files()).expect("packed");
        assert_eq!(unpack(&packed, 1 << 20).expect("unpacked"), files());
        assert_eq!(pack(&files()).expect("packed"), packed);
        let plain = archive("./a.yaml", EntryType::Regular, b"one");
        assert_eq!(unpack(&plain, 1 << 20).expect("unpacked"), [("a.yaml".to_owned(), "one".to_owned())]);
    }

    #[test]
    fn a_signature_holds_for_its_bytes_and_its_key_alone() {
        let (private, public) =
            (SigningKey::read(PRIVATE).expect("key"), PublicKey::read(PUBLIC).expect("key"));
        let signature = private.sign(b"bundle");
        public.check(b"bundle", format!("{signature}\n").as_bytes()).expect("it is good");
        assert!(matches!(public.check(b"bundle!", signature.as_bytes()), Err(BundleError::Forged)));
        assert!(matches!(public.check(b"bundle", b"nonsense"), Err(BundleError::Signature)));
        let other = PublicKey::read(&PUBLIC.replacen('1', "A", 1)).expect("a key by its form");
        assert!(matches!(other.check(b"bundle", signature.as_bytes()), Err(BundleError::Forged)));
    }

    #[test]
    fn keys_that_are_none_are_told_apart_from_those_that_are() {
        let pem = "-----BEGIN PUBLIC KEY-----\n\
            MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
        assert_eq!(PublicKey::read(pem).expect("PEM"), PublicKey::read(PUBLIC).expect("Base64"));
        for text in ["", "none", PRIVATE, "AAAA"] {
            assert!(matches!(PublicKey::read(text), Err(BundleError::PublicKey)), "{text}");
            assert!(text == PRIVATE || SigningKey::read(text).is_err());
        }
    }

    #[test]
    fn what_does_not_belong_into_a_bundle_is_an_error() {
        for (name, kind, expected) in [
            ("../a.yaml", EntryType::Regular, "outside"),
            ("/a.yaml", EntryType::Regular, "outside"),
            ("a.yaml", EntryType::Symlink, "plain file"),
            ("a.sh", EntryType::Regular, "neither"),
        ] {
            let wrong = unpack(&archive(name, kind, b""), 1 << 20).expect_err("refused").to_string();
            assert!(wrong.contains(expected), "{wrong}");
        }
        let twice = [("a.yaml".to_owned(), "1".to_owned()), ("./a.yaml".to_owned(), "2".to_owned())];
        assert!(unpack(&pack(&twice).expect("packed"), 1 << 20).is_err());
        assert!(unpack(&archive("a.yaml", EntryType::Regular, &[0xff, 0xfe]), 1 << 20).is_err());
    }

    #[test]
    fn a_bundle_that_swells_is_stopped() {
        let bomb = vec![("a.yaml".to_owned(), " ".repeat(10 << 20))];
        let packed = pack(&bomb).expect("packed");
        assert!(packed.len() < 64 << 10, "it is small");
        assert!(matches!(unpack(&packed, 64 << 10), Err(BundleError::Swollen { .. })));
    }

    #[test]
    fn bundle_and_signature_are_kept_as_one() {
        let joined = join(&[7; 64], b"\nbytes\n");
        assert_eq!(part(&joined).expect("both"), (vec![7; 64], b"\nbytes\n".as_slice()));
        assert!(part(b"half").is_none());
    }

    proptest! {
        #[test]
        fn half_a_bundle_is_never_a_bundle(cut in 1_usize..100) {
            let packed = pack(&files()).expect("packed");
            let cut = packed.len().saturating_sub(cut).max(1);
            // What is cut off may be padding, but never a file.
            if let Ok(found) = unpack(&packed[..cut], 1 << 20) {
                prop_assert_eq!(found, files());
            }
        }

        #[test]
        fn any_bytes_can_be_unpacked(bytes in prop::collection::vec(any::<u8>(), 0..2000), squeeze in any::<bool>()) {
            use std::io::Write;
            let bytes = if squeeze {
                let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(&bytes).expect("squeezed");
                encoder.finish().expect("squeezed")
            } else {
                bytes
            };
            let _ = unpack(&bytes, 1 << 20);
        }
    }
}
