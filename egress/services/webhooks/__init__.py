"""Webhooks: programs that are told what happened, signed after Standard Webhooks.

Admins set them up (`subscriptions`). A loop of the worker reads the audit trail on, for each
webhook from where it was (`queueing`), and the messages are tried like those to channels
(`egress.services.notifications.outgoing`), each by a signed call (`calling`).
"""
