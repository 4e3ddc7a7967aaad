"""`python -m toishi.tools.workbench.journal` prints what tables and columns mean, as metadata for Datasette."""

import json

from toishi.tools.workbench.journal.description import datasette_metadata

print(json.dumps(datasette_metadata(), indent=2))
