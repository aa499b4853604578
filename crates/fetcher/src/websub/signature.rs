//! `X-Hub-Signature`: `method=hex` of an HMAC over the body (WebSub, 8).

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// Whether a body was signed with this secret. All four methods of the standard; in constant time.
pub(super) fn holds(header: &str, secret: &str, body: &[u8]) -> bool {
    let Some((method, hex)) = header.trim().split_once('=') else { return false };
    let Some(given) = bytes(hex) else { return false };
    let key = secret.as_bytes();
    match method.to_ascii_lowercase().as_str() {
        "sha1" => verify::<Hmac<Sha1>>(key, body, &given),
        "sha256" => verify::<Hmac<Sha256>>(key, body, &given),
        "sha384" => verify::<Hmac<Sha384>>(key, body, &given),
        "sha512" => verify::<Hmac<Sha512>>(key, body, &given),
        _ => false,
    }
}

fn verify<M: Mac + KeyInit>(key: &[u8], body: &[u8], given: &[u8]) -> bool {
    <M as KeyInit>::new_from_slice(key)
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(given).is_ok())
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.trim().as_bytes();
    if digits.len() > 128 || !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_2202_and_4231() {
        let (key, body) = ("Jefe", b"what do ya want for nothing?");
        for signature in [
            "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "SHA256=5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
        ] {
            assert!(holds(signature, key, body), "{signature}");
            assert!(!holds(signature, "other", body) && !holds(signature, key, b"other"));
        }
        for wrong in [
            "",
            "sha256",
            "sha256=",
            "sha256=zz",
            "md5=00",
            "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c",
        ] {
            assert!(!holds(wrong, key, body), "{wrong}");
        }
    }
}
