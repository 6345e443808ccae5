from extractors.tool_calls import *
