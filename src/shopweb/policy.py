"""What pages may load, and where their forms may lead (Content Security Policy)."""


def content_policy(*form_targets: str) -> str:
    """The policy of a page whose forms lead to ``form_targets``."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'; form-action {' '.join(form_targets)}; frame-ancestors 'none'; base-uri 'none'; "
        "object-src 'none'"
    )
