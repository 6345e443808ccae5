from runtime.sources.transcripts import *
