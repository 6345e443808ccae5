from runtime.machine.track import *
