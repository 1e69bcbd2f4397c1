"""What the shop keeps between runs: one folder, outside the code."""
import os
import secrets
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def directory():
    """Return the state folder, made on first use."""
    path = Path(os.environ.get("STOREFRONT_STATE") or PROJECT / ".state").resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def secret_key(path):
    """Return the key in path; the first caller writes it.

    A key in the repository would let every reader forge sessions. Linking a
    complete file into place keeps two first starts from reading half a key.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
