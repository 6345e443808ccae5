from runtime.cli.demo import *
from runtime.cli.demo import _table as _table
