//! What the organisation demands: `expc.toml`, its presets, thresholds and rule levels.
//!
//! [`WorkspaceFile`] is the file as written; [`Policy`] is what is in force for one spec after presets and
//! overrides by path, each setting with its origin. Start at [`InForce`].

mod file;
mod levels;
mod presets;
mod settings;

pub use file::{
    Build, CustomRule, Folders, LevelSetting, LevelWord, Override, PolicyTable, PresetName, TargetSettings,
    WorkspaceFile,
};
pub use levels::{Entry, InForceLevel, LevelSource, Levels};
pub use settings::{InForce, Pattern, Policy, Setting, SettingOrigin, pattern_matches};
