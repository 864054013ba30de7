#!/usr/bin/env python3
"""Finds circles: folders and files of one module that need each other, directly or around a corner.

    scripts/circles.py [--edges] [SOURCES]

A file needs another one of its module where it names a type, or a member of an extension's own, that only the other one
declares. Names are found by reading the text, without comments and strings, so a local name that equals a type's counts
too; what is printed is meant to be looked at. The exit status is 1 if folders of a module need each other.
"""
import argparse
import collections
import pathlib
import re
import sys

COMMENTS_AND_STRINGS = re.compile(
    r'//[^\n]*|/\*.*?\*/|#*"""(?:\\.|(?!""").)*"""#*|#"(?:(?!"#).)*"#|"(?:\\.|[^"\\\n])*"', re.S)
DECLARATION = re.compile(
    r"^(?:@\w+(?:\([^)]*\))?\s+)*(?:public |package |internal |final |indirect |nonisolated )*"
    r"(?:struct|class|enum|protocol|actor|typealias|func|let|var) +(\w+)", re.M)
# Neither members, which follow a dot, nor what a nested declaration calls its own.
DECLARING = ["struct", "class", "enum", "protocol", "typealias", "let", "var", "func"]
NAME = re.compile(r"(?<![.\w])" + "".join(f"(?<!{word} )" for word in DECLARING) + r"[A-Za-z_]\w*\b")


def modules(sources):
    """The modules' folders: those below SOURCES, and those inside them that Package.swift names as targets."""
    package = (sources.parent / "Package.swift").read_text()
    nested = [sources.parent / path for path in re.findall(r'path: "(Sources/[^"]+)"', package)]
    return sorted(set(nested) | {folder for folder in sources.iterdir() if folder.is_dir()})


def components(graph):
    """The sets of nodes that reach each other, those of one node left out (Tarjan's algorithm)."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []

    def visit(start):
        work = [(start, iter(sorted(graph[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, following = work[-1]
            for other in following:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(graph[other]))))
                    break
                if other in on_stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        group.append(member)
                        if member == node:
                            break
                    if len(group) > 1:
                        found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def read(module, others):
    """The module's files, which types each declares, and which names each uses."""
    files = [
        path for path in sorted(module.rglob("*.swift"))
        # Nothing needs the program's own beginning, whose variables count as global ones.
        if path.name != "main.swift" and not any(
            other != module and module in other.parents and other in path.parents for other in others)]
    declared, used = collections.defaultdict(set), {}
    for path in files:
        text = COMMENTS_AND_STRINGS.sub(" ", path.read_text())
        for name in DECLARATION.findall(text):
            declared[name].add(path)
        used[path] = set(NAME.findall(text))
    owner = {name: next(iter(paths)) for name, paths in declared.items() if len(paths) == 1}
    return files, owner, used


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--edges", action="store_true", help="which folder needs which, with the names")
    parser.add_argument("sources", nargs="?", default=str(pathlib.Path(__file__).parent.parent / "Sources"))
    options = parser.parse_args()
    everything = modules(pathlib.Path(options.sources).resolve())
    circles = 0
    print(f"{'module':<14} {'files':>6} {'lines':>7} {'folder circles':>15} {'files in circles':>17}")
    details = []
    for module in everything:
        files, owner, used = read(module, everything)
        if not files:
            continue
        folder = {path: str(path.parent.relative_to(module)) for path in files}
        file_graph = {path: set() for path in files}
        folder_graph = {name: set() for name in folder.values()}
        reasons = collections.defaultdict(set)
        for path in files:
            for name in used[path]:
                other = owner.get(name)
                if other is None or other == path:
                    continue
                file_graph[path].add(other)
                if folder[other] != folder[path]:
                    folder_graph[folder[path]].add(folder[other])
                    reasons[folder[path], folder[other]].add(f"{path.stem}->{name}")
        folder_circles = components(folder_graph)
        file_circles = components(file_graph)
        circles += len(folder_circles)
        lines = sum(path.read_text().count("\n") for path in files)
        print(f"{module.name:<14} {len(files):>6} {lines:>7} {len(folder_circles):>15} "
              f"{sum(map(len, file_circles)):>17}")
        for circle in folder_circles:
            details.append(f"{module.name}: {', '.join(circle)} need each other")
            for one, other in sorted(reasons):
                if one in circle and other in circle:
                    details.append(f"    {one} -> {other}: {', '.join(sorted(reasons[one, other])[:6])}")
        if options.edges:
            for one, other in sorted(reasons):
                details.append(f"{module.name}: {one} -> {other}: {', '.join(sorted(reasons[one, other]))}")
    print("\n".join(details))
    return 1 if circles else 0


if __name__ == "__main__":
    sys.exit(main())
