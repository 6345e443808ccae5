from runtime.sources.streams.deltas import *
