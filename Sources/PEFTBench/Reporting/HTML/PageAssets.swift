/// The page's style and scripts, which are files of their own beside this one.
enum PageAssets {
  /// Colours, figures, everything else.
  static let style = Theme.colors + Theme.figures + text(PackageResources.page_css)

  /// Sets the chosen theme before anything is drawn.
  static let themeScript = text(PackageResources.theme_js)

  /// All other scripts, each a function of its own.
  static let script = [
    PackageResources.dom_js, PackageResources.page_js, PackageResources.plot_js, PackageResources.explorer_js,
    PackageResources.confusion_js, PackageResources.answers_js,
  ].map(text).joined(separator: "\n")

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
