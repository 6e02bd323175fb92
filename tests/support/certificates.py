"""Certificates for tests, by the openssl program."""
import pathlib
import subprocess


def make_certificate(directory: pathlib.Path, host: str = "localhost") -> tuple[str, str]:
    """A certificate that is its own authority, for `host`: the files of it and of its key. Made once per directory."""
    certificate, key = directory / f"{host}.crt", directory / f"{host}.key"
    if not certificate.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={host}",
                        "-addext", f"subjectAltName=DNS:{host}", "-keyout", str(key), "-out", str(certificate)],
                       check=True, capture_output=True)
    return str(certificate), str(key)
