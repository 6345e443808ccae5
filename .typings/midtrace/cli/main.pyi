from runtime.cli.main import *
