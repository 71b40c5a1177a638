#!/bin/sh
# Print the first Python on this machine that can make the environment: 3.11 or newer, with venv and pip.
# PYTHON=/path/to/python is tried first.
for candidate in $PYTHON python3.11 python3.12 python3.13 python3.14 python3 python; do
    if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        command -v "$candidate"
        exit 0
    fi
done
echo "No Python 3.11 or newer with venv was found (looked for python3.11 to python3.14, python3, python)." >&2
echo "Debian, Ubuntu: sudo apt-get install python3 python3-venv.  macOS: brew install python@3.12." >&2
echo "If it lies elsewhere: make setup PYTHON=/path/to/python3" >&2
exit 1
