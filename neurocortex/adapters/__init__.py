"""The Lake as a store of other people's pipelines: Haystack's and LangChain's."""
