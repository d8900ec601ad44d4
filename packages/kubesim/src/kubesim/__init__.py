"""kubesim: a Kubernetes API in one process, with hollow nodes whose pods really answer."""
