"""The vendors' own documents as judges. They lie beside this repository, in ../shared, and are not copied into it."""
