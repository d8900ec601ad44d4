"""ValidatingAdmissionPolicy: what a cluster's owner forbids in CEL, judged on every create, update and delete.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
Not here: parameters (`paramKind`), the `authorizer` variable, the functions that Kubernetes adds to CEL beyond
strings and optionals, and cost limits. Audit needs an audit log, which kubesim has not.
"""
