from runtime.sources.prefill import *
