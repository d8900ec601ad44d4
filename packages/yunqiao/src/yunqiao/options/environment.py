"""Which environment variables count? Those of the incumbent, and those of Alibaba Cloud's own tools."""

from yunqiao.options.setting import Setting

VARIABLES: tuple[Setting, ...] = (
    Setting("SLB_ENDPOINT", "string", "", "host[:port] of the SLB API (a scheme and a path are dropped)."),
    Setting("ECS_ENDPOINT", "string", "", "host[:port] of the ECS API."),
    Setting("VPC_ENDPOINT", "string", "", "host[:port] of the VPC API."),
    Setting("NLB_ENDPOINT", "string", "", "host[:port] of the NLB API."),
    Setting("STS_ENDPOINT", "string", "", "host[:port] of the STS API."),
    Setting("METADATA_ENDPOINT", "string", "http://100.100.100.200", "URL of the instance metadata service."),
    Setting("ALICLOUD_CLIENT_SCHEME", "string", "HTTPS", "HTTP: call the cloud without TLS (for tests).",
            allowed=("HTTP", "HTTPS", "http", "https")),
    Setting("ACCESS_KEY_ID", "string", "", "Id of the access key, in plain text."),
    Setting("ACCESS_KEY_SECRET", "string", "", "Secret of the access key, in plain text."),
    Setting("ALIBABA_CLOUD_ACCESS_KEY_ID", "string", "", "Id of the access key."),
    Setting("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "string", "", "Secret of the access key."),
    Setting("ALIBABA_CLOUD_SECURITY_TOKEN", "string", "", "Token that belongs to a temporary access key."),
    Setting("ALIBABA_CLOUD_ROLE_ARN", "string", "", "RAM role for RRSA."),
    Setting("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "string", "", "OIDC provider for RRSA."),
    Setting("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "string", "", "File with the pod's OIDC token for RRSA."),
    Setting("ALIBABA_CLOUD_ROLE_SESSION_NAME", "string", "yunqiao", "Name under which RRSA's calls are audited."),
    Setting("ALIBABA_CLOUD_CREDENTIALS_URI", "string", "", "URL that answers with an access key."),
    Setting("ALIBABA_CLOUD_ECS_METADATA", "string", "", "Name of the instance's RAM role; empty: asked for."),
    Setting("ALIBABA_CLOUD_REGION_ID", "string", "", "Region, when the cloud-config has none."),
    Setting("SERVICE_FORCE_BACKEND_ENI", "string", "",
            "true: pods are backends by their network interfaces wherever the annotation backend-type says nothing; "
            "false: they are not; either counts before serviceBackendType of the cloud-config.",
            allowed=("true", "false")),
    Setting("KUBECONFIG", "string", "", "File that says how to reach the Kubernetes API."),
)  # fmt: skip
