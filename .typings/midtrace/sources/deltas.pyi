from runtime.sources.deltas import *
