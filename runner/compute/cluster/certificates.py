"""Certificates for a single cluster, signed by a new authority that is then discarded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_VALID = timedelta(days=30)
_EARLIER = timedelta(days=1)  # a node's clock may be behind


def make_certificates() -> dict[str, bytes]:
    """Return the contents of ``ca.pem``, ``cert.pem`` and ``key.pem`` by name. They are valid for 30 days."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    moment = datetime.now(UTC)

    def new_certificate(
        subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(moment - _EARLIER)
            .not_valid_after(moment + _VALID)
        )

    authority, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    above = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vivero cluster")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vivero node")])
    root = new_certificate(above, above, authority.public_key()).add_extension(
        x509.BasicConstraints(True, 0), critical=True
    )
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    leaf = new_certificate(name, above, leaf_key.public_key()).add_extension(usage, critical=False)
    pem = serialization.Encoding.PEM
    secret = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "ca.pem": root.sign(authority, hashes.SHA256()).public_bytes(pem),
        "cert.pem": leaf.sign(authority, hashes.SHA256()).public_bytes(pem),
        "key.pem": secret,
    }
