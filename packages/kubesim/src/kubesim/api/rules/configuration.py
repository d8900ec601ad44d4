"""ConfigMaps, Secrets, Leases and storage claims: small kinds with a rule or two each."""

import base64
import binascii

from kubesim.api.rules.rule import Rules
from kubesim.errors import Cause, forbidden, required, wrong
from kubesim.objects import Object


def _default_secret(obj: Object) -> None:
    obj.setdefault("type", "Opaque")
    for name, text in (obj.pop("stringData", None) or {}).items():
        obj.setdefault("data", {})[name] = base64.b64encode(text.encode()).decode()


def _check_secret(obj: Object) -> list[Cause]:
    causes = []
    for name, text in (obj.get("data") or {}).items():
        try:
            base64.b64decode(text, validate=True)
        except binascii.Error:
            causes.append(Cause(f"data[{name}]", "FieldValueInvalid", "Invalid value: must be base64"))
    return causes


def _check_secret_update(new: Object, old: Object) -> list[Cause]:
    causes = _check_kept(new, old)
    if new["type"] != old["type"]:
        causes.append(wrong("type", new["type"], "field is immutable"))
    return causes


def _check_kept(new: Object, old: Object) -> list[Cause]:
    if not old.get("immutable"):
        return []
    words = "field is immutable when `immutable` is set"
    changed = [name for name in ("immutable", "data", "binaryData") if new.get(name) != old.get(name)]
    return [forbidden(name, words) for name in changed]


def _check_lease(obj: Object) -> list[Cause]:
    spec, causes = obj.get("spec") or {}, []
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        causes.append(wrong("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    if spec.get("leaseTransitions", 0) < 0:
        words = "must be greater than or equal to 0"
        causes.append(wrong("spec.leaseTransitions", spec["leaseTransitions"], words))
    return causes


def _create_volume(obj: Object) -> None:
    obj["status"] = {"phase": "Pending"}


def _check_binding(obj: Object) -> list[Cause]:
    name = (obj.get("roleRef") or {}).get("name")
    return [] if name else [required("roleRef.name")]


def _check_binding_update(new: Object, old: Object) -> list[Cause]:
    same = new.get("roleRef") == old.get("roleRef")
    return [] if same else [wrong("roleRef", new.get("roleRef"), "cannot change roleRef")]


def _default_binding(obj: Object) -> None:
    obj.setdefault("roleRef", {}).setdefault("apiGroup", "rbac.authorization.k8s.io")
    for subject in obj.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", "rbac.authorization.k8s.io")


CONFIGMAPS = Rules(check_update=_check_kept)
SECRETS = Rules(default=_default_secret, check=_check_secret, check_update=_check_secret_update)
LEASES = Rules(check=_check_lease)
VOLUMES = Rules(create=_create_volume)
BINDINGS = Rules(default=_default_binding, check=_check_binding, check_update=_check_binding_update)
