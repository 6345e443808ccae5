from runtime.tasks import *
