# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
# For the pages as make install puts them: all in one directory, README.md with
# them, and the manual elsewhere.
s,\[\([a-z0-9]*([1-8])\)\](man/[^)]*),\1,g
s,\(\.\./\|\bdoc/\)\([A-Za-z-]*\.md\),\2,g
s,\bdoc/\(pictures/[a-z-]*\.svg\),\1,g
