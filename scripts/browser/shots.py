#!/usr/bin/env python3
"""Takes pictures of reports in Chromium, to be looked at.

    scripts/browser/shots.py PAGES PICTURES

PAGES holds NAME.html for the folders of folders.py and for `quick`, as scripts/screenshots.sh makes them; PICTURES gets PNG
files, and a PDF of what is printed. Needs Playwright (pip install playwright) and a Chromium, which is looked for as
`chromium` or taken from the environment variable CHROMIUM.
"""
import os
import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def main(pages, pictures):
    pages, pictures = pathlib.Path(pages).resolve(), pathlib.Path(pictures)
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=["--no-sandbox"])

        def shoot(name, picture, viewport=DESKTOP, scheme="light", address="", section=None, act=None, **options):
            context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce", **options)
            page = context.new_page()
            page.goto(f"{(pages / name).as_uri()}.html{address}")
            if act:
                act(page)
            if section:
                page.locator(section).screenshot(path=pictures / f"{picture}.png")
            else:
                page.screenshot(path=pictures / f"{picture}.png", full_page=True)
            context.close()

        shoot("quick", "desktop")
        shoot("quick", "dark", scheme="dark")
        shoot("quick", "phone", viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
        for number, axes in enumerate(["x=parameters&y=pscp", "x=memory&y=score&by=cell&zero=1", "x=training&y=rate&by=run"]):
            shoot("large", f"explorer-{number + 1}", address=f"#{axes}", section="#explorer",
                  act=lambda page: [page.focus("#explorer-plot"), page.keyboard.press("ArrowRight"), page.keyboard.press("ArrowRight")])
        shoot("large", "explorer-phone", viewport=PHONE, section="#explorer", device_scale_factor=2)
        shoot("grid", "grid")
        shoot("grid", "grid-dark", scheme="dark", section="section[id^=grids]")
        shoot("rows", "rows", section="section[id^=grids]")
        shoot("own", "own")
        shoot("own", "own-phone", viewport=PHONE, device_scale_factor=2)
        shoot("own", "side-by-side", section="#answers", act=lambda page: [
            page.select_option("#answers-method", label="lora"), page.select_option("#answers-other", label="ia3")])
        shoot("large", "large")
        shoot("many", "many")
        shoot("many", "many-dark", scheme="dark", section="section[id^=forest]")
        shoot("many", "many-phone", viewport=PHONE, device_scale_factor=2, section="section[id^=datasets]")
        shoot("strategies", "strategies")
        shoot("combined", "sums", section="section[id^=sums]")
        shoot("combined", "sums-dark", scheme="dark", section="section[id^=sums]")
        shoot("combined", "sums-phone", viewport=PHONE, device_scale_factor=2, section="section[id^=sums]")
        shoot("combined", "similarity", section="#similarity")
        shoot("shots", "shots", section="section[id^=shots]")
        shoot("failed", "failed")
        shoot("unfinished", "unfinished")
        shoot("two", "two")
        shoot("hostile", "hostile")
        page = browser.new_page()
        page.goto(f"{(pages / 'quick').as_uri()}.html")
        page.emulate_media(media="print")
        page.pdf(path=pictures / "print.pdf", format="A4")
        page.screenshot(path=pictures / "print.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
