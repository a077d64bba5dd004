"""``python -m shopctl``."""

from shopctl.main import run

if __name__ == "__main__":
    run()
