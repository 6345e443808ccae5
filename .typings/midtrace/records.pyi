from runtime.records import *
