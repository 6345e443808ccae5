from runtime.sources.local.transcripts import *
