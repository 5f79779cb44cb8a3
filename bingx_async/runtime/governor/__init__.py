"""Who may call when: quotas, queue and shared store of one governor."""
