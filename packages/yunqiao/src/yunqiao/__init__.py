"""yunqiao (云桥, "cloud bridge"): the cloud controller manager for self-built Kubernetes clusters on Alibaba Cloud."""

__version__ = "0.1.0"
