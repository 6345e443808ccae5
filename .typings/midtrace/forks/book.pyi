from runtime.forks.book import *
