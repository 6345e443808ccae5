from runtime.sources.langchain import *
