"""The clients that people have, as they come: each gets an answer to its first request, whatever it offers with it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC

X, Y = load_iris(return_X_y=True)
BODY = json.dumps({"data": X[:2].tolist()})

JAVA = """
import java.net.URI;
import java.net.http.*;

public class Ask {
    public static void main(String[] words) throws Exception {
        var body = HttpRequest.BodyPublishers.ofString(words[1]);
        var request = HttpRequest.newBuilder(URI.create(words[0])).header("Content-Type", "application/json");
        var answer = HttpClient.newHttpClient().send(request.POST(body).build(), HttpResponse.BodyHandlers.ofString());
        System.out.print(answer.body());
    }
}
"""
NODE = """
const [url, body] = process.argv.slice(-2);
fetch(url, {method: "POST", headers: {"Content-Type": "application/json"}, body}).then(a => a.text()).then(console.log);
"""
GO = """
package main

import ("fmt"; "io"; "net/http"; "os"; "strings")

func main() {
    answer, err := http.Post(os.Args[1], "application/json", strings.NewReader(os.Args[2]))
    if err != nil { panic(err) }
    content, _ := io.ReadAll(answer.Body)
    fmt.Print(string(content))
}
"""
AIOHTTP = """
import asyncio, sys, aiohttp

async def main():
    async with aiohttp.ClientSession() as session:
        async with session.post(sys.argv[1], data=sys.argv[2], headers={"Content-Type": "application/json"}) as answer:
            print(await answer.text())

asyncio.run(main())
"""
PYTHON = """
import sys, LIBRARY
print(LIBRARY.post(sys.argv[1], content_or_data, headers={"Content-Type": "application/json"}).text)
"""
SOURCES = {"java": ("Ask.java", JAVA), "node": ("ask.js", NODE), "go": ("ask.go", GO, "run")}


def _python(library: str, text: str) -> list[str]:
    pytest.importorskip(library)
    return [sys.executable, "-c", text]


def _tool(name: str, *words: str) -> list[str]:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"there is no {name}")
    return [program, *words]


def command(client: str, folder: Path) -> list[str]:
    """Return the words that ask with a client, before address and body."""
    if client.startswith("curl"):
        options = client.split()[1:]
        return _tool("curl", "-sS", *options, "-H", "Content-Type: application/json")
    if client in ("httpx", "requests"):
        given = "content=sys.argv[2]" if client == "httpx" else "data=sys.argv[2]"
        return _python(client, PYTHON.replace("LIBRARY", client).replace("content_or_data", given))
    if client == "aiohttp":
        return _python(client, AIOHTTP)
    name, text, *more = SOURCES[client]
    source = folder / name
    source.write_text(text)
    return _tool(client, *more, str(source))


CLIENTS = ["curl", "curl --http2", "curl --http2 -HExpect:100-continue", "java", "node", "go"]


@pytest.mark.parametrize("client", [*CLIENTS, "httpx", "requests", "aiohttp"])
def test_a_client_gets_its_answer(client: str, register: Any, serve: Any, tmp_path: Path) -> None:
    words = command(client, tmp_path)
    register("iris", SVC(kernel="linear").fit(X, Y))
    address = serve("model=iris").address + "/score"
    words += [address, "-d", BODY] if words[0].endswith("curl") else [address, BODY]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["predict"] == [0, 0]
