"""What every process of the shop is made of, API, web and worker alike.

Settings, logs, metrics, the edge of an ASGI app, and how a process drains. Nothing here knows a rule of the shop
or touches a database, which is why the web part may import it (docs/decisions/0002-runtime.md).
"""
