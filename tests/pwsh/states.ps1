# States of hosts, for fleet.ps1: what is wrong with each, which remedies its row names, and what comes of each step: without -Apply,
# and with it where that differs. Every state but the first is one that a script could make worse.
$Rdp = 'SYSTEM\CurrentControlSet\Control\Terminal Server'
$Tcp = "$Rdp\WinStations\RDP-Tcp"
$Schannel = 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'

function global:Set-FakeValue {
    param($State, [string] $Path, [string] $Name, [string] $Kind, $Data)
    foreach ($Old in @($State.Registry | Where-Object { ($_.Path -eq $Path) -and ($_.Name -eq $Name) })) { $null = $State.Registry.Remove($Old) }
    $State.Registry.Add([pscustomobject]@{ Path = $Path; Name = $Name; Kind = $Kind; Data = $Data })
}

# Adds a certificate, and gives its thumbprint as bytes, as a pin wants it. Key names the file of its key, which is made.
function global:Add-FakeCertificate {
    param($State, [string] $Store, [string] $Subject, [int] $From, [int] $To, [string] $Key, [string] $Folder, [string] $Issuer, [string[]] $Dns)
    $Pfx = New-FakeCertificate -Subject $Subject -From (Get-Date).AddDays($From) -To (Get-Date).AddDays($To) -Issuer $Issuer -Dns $Dns
    $State.Certificates = @($State.Certificates) + [pscustomobject]@{ Store = $Store; Pfx = $Pfx; Cer = ''; KeyName = $Key }
    if ($Folder) { Set-Content -LiteralPath "$Folder/$Key" -Value 'key' }
    $Read = [System.Security.Cryptography.X509Certificates.X509CertificateLoader]::LoadPkcs12([System.Convert]::FromBase64String($Pfx), '')
    , $Read.GetCertHash()
}

# Windows' own certificate, from and to so many days from now.
function global:Set-FakeOwn {
    param($State, $Target, [int] $From, [int] $To, [string] $Subject = $Target.FullName)
    $State.Certificates = @()
    $null = Add-FakeCertificate -State $State -Store 'Remote Desktop' -Subject $Subject -From $From -To $To -Key 'f686aace6942fb7f7ceb231212eef4a4_fake'
}

# A certificate of the authority, in My, in use by a pin.
function global:Set-FakePin {
    param($State, $Target, $Keys, [int] $To, [string[]] $Dns = @($Target.FullName), [string] $Key = 'pinned')
    $Hash = Add-FakeCertificate -State $State -Store My -Subject $Dns[0] -From -300 -To $To -Key $Key -Folder $(if ($Key -ne 'tpm') { $Keys }) -Issuer 'Corp Issuing CA' -Dns $Dns
    Set-FakeValue $State 'SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp' SSLCertificateSHA1Hash Binary $Hash
}

function global:Add-FakeCandidate {
    param($State, $Target, $Keys, [string] $Issuer = 'Corp Issuing CA', [string] $Key = 'candidate')
    $null = Add-FakeCertificate -State $State -Store My -Subject $Target.FullName -From -10 -To 300 -Key $Key -Folder $Keys -Issuer $Issuer -Dns $Target.FullName
}

$OnlySystem = @(, @('S-1-5-18', 0x1F01FF, 0, 0))
$States = [ordered]@{}
function Add-State {
    param([string] $Name, [string] $Remedies, [hashtable] $Shown, [hashtable] $Done, [scriptblock] $Fault)
    $States[$Name] = @{ Remedies = $Remedies; Shown = $Shown; Done = $Done; Fault = $Fault }
}

Add-State fine 'R1 R2 R3 R6 R8 R9 R12' @{ R1 = 'in order'; R2 = 'in order'; R3 = 'in order'; R6 = 'in order'; R8 = 'in order'; R9 = 'in order'; R12 = 'in order' } @{} { }

# R1 and what it waits for.
Add-State expired 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target -600 -412 }
Add-State key-denied 'R1' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'done'; R1 = 'done' } {
    param($State, $Target, $Keys, $KeyFile)
    Set-FakeOwn $State $Target -600 -412
    $State.Acls[$KeyFile].Rules = @(, @('S-1-5-18', 0x1F01FF, 0, 0))
}
Add-State folder-denied 'R1' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'done'; R1 = 'done' } {
    param($State, $Target, $Keys)
    Set-FakeOwn $State $Target -210 -30
    $State.Acls[$Keys].Rules = @(, @('S-1-5-18', 0x1F01FF, 0, 0))
}
Add-State folder-sealed 'R1' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'done'; R1 = 'done' } {
    param($State, $Target, $Keys)
    Set-FakeOwn $State $Target -210 -30
    $State.Acls[$Keys].Sealed = $true
}
Add-State deny-entry 'R1' @{ R2 = 'blocked'; R1 = 'blocked' } @{} {
    param($State, $Target, $Keys, $KeyFile)
    Set-FakeOwn $State $Target -210 -30
    $State.Acls[$KeyFile].Rules = @($State.Acls[$KeyFile].Rules) + , @('S-1-5-20', 1, 1, 0)
}
Add-State key-gone 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } { param($State, $Target, $Keys, $KeyFile) Remove-Item -LiteralPath $KeyFile }
Add-State env-disabled 'R1' @{ R1 = 'blocked' } @{} { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.Services.SessionEnv.StartMode = 'Disabled' }
Add-State env-off 'R1' @{ R1 = 'blocked' } @{} {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    $State.Services.SessionEnv.StartMode = 'Disabled'
    $State.Services.SessionEnv.State = 'Stopped'
}
Add-State env-stuck 'R1' @{ R1 = 'would be done' } @{ R1 = 'failed' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.Services.SessionEnv.Stuck = $true }
Add-State env-hangs 'R1' @{ R1 = 'would be done' } @{ R1 = 'partly done' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.Services.SessionEnv.Hangs = $true }
Add-State term-disabled 'R1' @{ R1 = 'blocked' } @{} { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.Services.TermService.StartMode = 'Disabled' }
Add-State um-disabled 'R1' @{ R1 = 'blocked' } @{} { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.Services.UmRdpService.StartMode = 'Disabled' }
Add-State term-off 'R1' @{ R1 = 'would be done'; R8 = 'blocked' } @{ R1 = 'done'; R8 = 'blocked' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    $State.Services.TermService.StartMode = 'Disabled'
    foreach ($Name in 'TermService', 'UmRdpService') { $State.Services[$Name].State = 'Stopped' }
    $State.Connections = @()
}
Add-State data-gone 'R1' @{ R3 = 'would be done'; R1 = 'would be done' } @{ R3 = 'done'; R1 = 'done' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    Set-FakeValue $State 'SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList' ProgramData ExpandString 'D:\Data'
}
Add-State data-unset 'R1' @{ R3 = 'would be done'; R1 = 'would be done' } @{ R3 = 'done'; R1 = 'done' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    $Unset = $State.Registry | Where-Object { $_.Name -eq 'ProgramData' }
    $null = $State.Registry.Remove($Unset)
}
Add-State wrong-name 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target -20 100 'old.corp.example' }
Add-State pinned-dead 'R1' @{ R4 = 'blocked'; R1 = 'blocked' } @{} { param($State, $Target, $Keys) Set-FakePin $State $Target $Keys -5 }
Add-State clock-ahead 'R1' @{ R12 = 'blocked'; R1 = 'blocked' } @{} { param($State) $State.ClockDays = 400 }
Add-State clock-behind 'R1' @{ R12 = 'would be done'; R1 = 'blocked' } @{ R12 = 'partly done' } { param($State) $State.ClockDays = -400; $State.Time.Offset = 34560000 }

# R3
Add-State weak 'R3' @{ R3 = 'would be done' } @{ R3 = 'done' } { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1 }
Add-State weak-stuck 'R3' @{ R3 = 'would be done' } @{ R3 = 'partly done' } { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1; $State.Services.SessionEnv.Stuck = $true }
Add-State weak-hangs 'R3' @{ R3 = 'would be done' } @{ R3 = 'partly done' } { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1; $State.Services.TermService.Hangs = $true }
Add-State pin-of-none 'R3' @{ R3 = 'would be done'; R1 = 'blocked' } @{ R3 = 'done'; R1 = 'in order' } { param($State) Set-FakeValue $State $Tcp SSLCertificateSHA1Hash Binary ([byte[]](1..20)) }
Add-State other-store 'R3' @{ R3 = 'would be done' } @{ R3 = 'done' } { param($State) Set-FakeValue $State "$Rdp\WinStations" SelfSignedCertStore String 'Elsewhere' }

# R4
Add-State wants-issued 'R4' @{ R4 = 'would be done' } @{ R4 = 'done' } { param($State, $Target, $Keys) Add-FakeCandidate $State $Target $Keys }
Add-State renewed 'R4' @{ R4 = 'would be done' } @{ R4 = 'done' } { param($State, $Target, $Keys) Set-FakePin $State $Target $Keys -5; Add-FakeCandidate $State $Target $Keys }
Add-State in-farm 'R4' @{ R4 = 'blocked'; R1 = 'blocked' } @{} { param($State, $Target, $Keys) Set-FakePin $State $Target $Keys -5 -Dns 'farm.corp.example'; Add-FakeCandidate $State $Target $Keys }
Add-State member 'R4' @{ R4 = 'blocked' } @{} { param($State, $Target, $Keys) Add-FakeCandidate $State $Target $Keys; $State.BrokerMember = $true }
Add-State untrusted 'R4' @{ R4 = 'blocked'; R1 = 'blocked' } @{} { param($State, $Target, $Keys) Set-FakePin $State $Target $Keys -5; Add-FakeCandidate $State $Target $Keys -Issuer 'Other CA' }
Add-State tpm 'R4' @{ R4 = 'in order' } @{} { param($State, $Target, $Keys) Set-FakePin $State $Target $Keys 200 -Key tpm; Add-FakeCandidate $State $Target $Keys }
Add-State no-key-right 'R4' @{ R2 = 'would be done'; R4 = 'would be done' } @{ R2 = 'done'; R4 = 'done' } {
    param($State, $Target, $Keys)
    Add-FakeCandidate $State $Target $Keys
    $State.Acls["$Keys/candidate"] = @{ Owner = 'S-1-5-18'; Sealed = $false; Rules = @(, @('S-1-5-18', 0x1F01FF, 0, 0)) }
}
Add-State not-taken 'R4' @{ R4 = 'would be done' } @{ R4 = 'failed' } { param($State, $Target, $Keys) Add-FakeCandidate $State $Target $Keys; $State.IgnoresBinding = $true }
Add-State by-template 'R4 R1' @{ R4 = 'in order'; R1 = 'in order' } @{} {
    param($State, $Target, $Keys)
    $State.ByTemplate = 'template'
    Add-FakeCandidate $State $Target $Keys -Key template
}

# R5 and R6
Add-State tls-off 'R5 R6' @{ R5 = 'would be done'; R6 = 'blocked' } @{ R5 = 'partly done' } {
    param($State)
    Set-FakeValue $State $Tcp UserAuthentication DWord 0
    foreach ($Version in 'TLS 1.0', 'TLS 1.1', 'TLS 1.2') { Set-FakeValue $State "$Schannel\$Version\Server" Enabled DWord 0 }
}
Add-State no-nla 'R6' @{ R6 = 'would be done' } @{ R6 = 'done' } { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0 }
Add-State no-tls 'R6' @{ R6 = 'would be done' } @{ R6 = 'done' } { param($State) Set-FakeValue $State $Tcp SecurityLayer DWord 0; Set-FakeValue $State $Tcp UserAuthentication DWord 0 }
# Only the attempt shows it, so it is put back.
Add-State no-tls-broken 'R6' @{ R6 = 'would be done' } @{ R6 = 'failed' } { param($State) Set-FakeValue $State $Tcp SecurityLayer DWord 0; $State.TlsBroken = $true }
Add-State nla-expired 'R6' @{ R1 = 'would be done'; R6 = 'would be done' } @{ R1 = 'done'; R6 = 'done' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    Set-FakeValue $State $Tcp UserAuthentication DWord 0
}
Add-State nla-dead-pin 'R6' @{ R6 = 'blocked'; R1 = 'blocked'; R4 = 'blocked' } @{} {
    param($State, $Target, $Keys, $KeyFile)
    Set-FakePin $State $Target $Keys -5
    Set-FakeValue $State $Tcp SecurityLayer DWord 0
}
Add-State nla-no-key 'R6' @{ R6 = 'blocked'; R1 = 'blocked' } @{} {
    param($State, $Target, $Keys, $KeyFile)
    Remove-Item -LiteralPath $KeyFile
    $State.Services.SessionEnv.StartMode = 'Disabled'
    Set-FakeValue $State $Tcp SecurityLayer DWord 0
}
Add-State nla-member 'R6' @{ R6 = 'blocked' } @{} { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; $State.BrokerMember = $true }
Add-State nla-no-trust 'R6' @{ R6 = 'unknown' } @{} { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; $State.Spn = '' }

# R7
$Closed = { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False'; $Rule.RemoteAddress = @('Any') } }
Add-State closed 'R7' @{ R7 = 'would be done' } @{ R7 = 'done' } $Closed
Add-State closed-public 'R7' @{ R7 = 'blocked' } @{} { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False' }; $State.Networks = @('Public') }
Add-State closed-deaf 'R7' @{ R7 = 'blocked' } @{} { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False' }; $State.DeafProfiles = @('Domain') }
Add-State shields 'R7' @{ R7 = 'blocked' } @{} { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False' }; $State.Shields = $true }

# R8
Add-State down 'R8' @{ R8 = 'would be done' } @{ R8 = 'done' } { param($State) foreach ($Name in 'TermService', 'UmRdpService') { $State.Services[$Name].State = 'Stopped' } }
Add-State down-disabled 'R8' @{ R8 = 'blocked' } @{} { param($State) foreach ($Name in 'TermService', 'UmRdpService') { $State.Services[$Name].State = 'Stopped' }; $State.Services.TermService.StartMode = 'Disabled' }
Add-State deaf 'R8' @{ R8 = 'blocked' } @{} { param($State) $State.Connections = @() }
Add-State taken 'R8' @{ R8 = 'blocked' } @{} { param($State) foreach ($One in $State.Connections) { $One.OwningProcess = 4711 } }
Add-State denied 'R8' @{ R8 = 'would be done' } @{ R8 = 'done' } { param($State) Set-FakeValue $State $Rdp fDenyTSConnections DWord 1 }
Add-State denied-on-purpose '' @{ R8 = 'blocked' } @{} { param($State) Set-FakeValue $State $Rdp fDenyTSConnections DWord 1 }
Add-State other-port 'R8' @{ R8 = 'blocked' } @{} { param($State) Set-FakeValue $State $Tcp PortNumber DWord 3390; foreach ($One in $State.Connections) { $One.LocalPort = 3390 } }

# R9
Add-State no-record 'R9' @{ R9 = 'would be done' } @{ R9 = 'done' } { param($State) $State.DnsFails = 9003; $State.InDns = @() }
Add-State wrong-record 'R9' @{ R9 = 'would be done' } @{ R9 = 'partly done' } { param($State) $State.InDns = @('10.9.9.9') }
Add-State dns-silent 'R9' @{ R9 = 'unknown' } @{} { param($State) $State.DnsFails = 1460 }

# R12
Add-State clock-off 'R12' @{ R12 = 'would be done' } @{ R12 = 'done' } { param($State) $State.Time.Offset = 60 }
Add-State clock-fails 'R12' @{ R12 = 'would be done' } @{ R12 = 'failed' } { param($State) $State.Time.Offset = 60; $State.Time.ResyncFails = $true }

# Values of the policy that overrides the listener's, and of Schannel.
$RdpPolicyKey = 'SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
Add-State not-begun 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target 20 200 }
Add-State no-certificate 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } { param($State) $State.Certificates = @() }
# The one that is named counts, not the one that ends last.
Add-State named-expired 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -20 200
    $Hash = Add-FakeCertificate -State $State -Store 'Remote Desktop' -Subject $Target.FullName -From -200 -To -20 -Key 'f686aace6942fb7f7ceb231212eef4a4_fake'
    Set-FakeValue $State "$Rdp\WinStations" SelfSignedCertificate Binary $Hash
}
Add-State term-hangs 'R1' @{ R1 = 'would be done' } @{ R1 = 'partly done' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.Services.TermService.Hangs = $true }
Add-State all-stopped 'R1' @{ R1 = 'would be done'; R8 = 'would be done' } @{ R1 = 'done'; R8 = 'done' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    foreach ($Name in 'TermService', 'UmRdpService', 'SessionEnv') { $State.Services[$Name].State = 'Stopped' }
}
Add-State in-workgroup 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.InDomain = $false; $State.Domain = 'WORKGROUP' }
Add-State store-elsewhere 'R1' @{ R3 = 'would be done'; R1 = 'would be done' } @{ R3 = 'done'; R1 = 'done' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    Set-FakeValue $State "$Rdp\WinStations" SelfSignedCertStore String 'Elsewhere'
}
# What was denied gets its own owner back.
Add-State key-sealed 'R1' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'done'; R1 = 'done' } {
    param($State, $Target, $Keys, $KeyFile)
    Set-FakeOwn $State $Target -210 -30
    $State.Acls[$KeyFile].Sealed = $true
    $State.Acls[$KeyFile].Owner = 'S-1-5-32-544'
}
Add-State key-hidden 'R1' @{ R2 = 'would be done'; R1 = 'unknown' } @{ R2 = 'done'; R1 = 'in order' } {
    param($State, $Target, $Keys, $KeyFile)
    Remove-Item -LiteralPath $KeyFile
    $State.Acls[$Keys].Rules = @(, @('S-1-5-18', 0x1F01FF, 0, 0))
}
Add-State folder-deny 'R1' @{ R2 = 'blocked'; R1 = 'blocked' } @{} {
    param($State, $Target, $Keys)
    Set-FakeOwn $State $Target -210 -30
    $State.Acls[$Keys].Rules = @($State.Acls[$Keys].Rules) + , @('S-1-1-0', 2, 1, 0)
}
# Administrators need no more than to read.
Add-State admins-read 'R2' @{ R2 = 'in order' } @{} { param($State, $Target, $Keys, $KeyFile) $State.Acls[$KeyFile].Rules = @(@('S-1-5-18', 0x1F01FF, 0, 0), @('S-1-5-32-544', 0x20089, 0, 0), @('S-1-5-20', 0x20089, 0, 0)) }
Add-State pin-denied 'R2' @{ R2 = 'would be done' } @{ R2 = 'done' } {
    param($State, $Target, $Keys)
    Set-FakePin $State $Target $Keys 200
    $State.Acls["$Keys/pinned"] = @{ Owner = 'S-1-5-18'; Sealed = $false; Rules = @(, @('S-1-5-18', 0x1F01FF, 0, 0)) }
}
Add-State rights-term-disabled 'R2' @{ R2 = 'blocked'; R1 = 'blocked' } @{} {
    param($State, $Target, $Keys, $KeyFile)
    $State.Acls[$KeyFile].Rules = @(@('S-1-5-18', 0x1F01FF, 0, 0), @('S-1-5-20', 0x20000, 0, 0))
    $State.Services.TermService.StartMode = 'Disabled'
}
Add-State weak-by-policy 'R3' @{ R3 = 'blocked' } @{} { param($State) Set-FakeValue $State $RdpPolicyKey MinEncryptionLevel DWord 1 }
Add-State weak-overridden 'R3' @{ R3 = 'in order' } @{} { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1; Set-FakeValue $State $RdpPolicyKey MinEncryptionLevel DWord 3 }
Add-State no-negotiation 'R3' @{ R3 = 'would be done' } @{ R3 = 'done' } { param($State) Set-FakeValue $State $Tcp fAllowSecProtocolNegotiation DWord 0 }
Add-State weak-env-disabled 'R3' @{ R3 = 'blocked' } @{} { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1; $State.Services.SessionEnv.StartMode = 'Disabled' }
Add-State pin-of-member 'R3' @{ R3 = 'blocked'; R1 = 'blocked' } @{} { param($State) Set-FakeValue $State $Tcp SSLCertificateSHA1Hash Binary ([byte[]](1..20)); $State.BrokerMember = $true }
Add-State pin-and-template 'R4' @{ R4 = 'would be done' } @{ R4 = 'done' } {
    param($State, $Target, $Keys)
    Set-FakePin $State $Target $Keys -5
    Set-FakeValue $State $RdpPolicyKey CertTemplateName String 'RDP'
    $State.ByTemplate = 'template'
    Add-FakeCandidate $State $Target $Keys -Key template
}
Add-State no-candidate 'R4' @{ R4 = 'blocked' } @{} { }
Add-State candidate-key-gone 'R4' @{ R4 = 'unknown' } @{} { param($State, $Target, $Keys) Add-FakeCandidate $State $Target $Keys; Remove-Item -LiteralPath "$Keys/candidate" }
Add-State pin-self-signed 'R4' @{ R4 = 'would be done' } @{ R4 = 'done' } {
    param($State, $Target, $Keys)
    $Hash = Add-FakeCertificate -State $State -Store My -Subject $Target.FullName -From -30 -To 200 -Key self -Folder $Keys
    Set-FakeValue $State $Tcp SSLCertificateSHA1Hash Binary $Hash
    Add-FakeCandidate $State $Target $Keys
}
Add-State hash-off 'R5 R6' @{ R5 = 'blocked'; R6 = 'blocked' } @{} {
    param($State)
    Set-FakeValue $State 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Hashes\SHA256' Enabled DWord 0
    Set-FakeValue $State $Tcp UserAuthentication DWord 0
}
Add-State client-tls-off 'R5' @{ R5 = 'would be done' } @{ R5 = 'partly done' } { param($State) Set-FakeValue $State "$Schannel\TLS 1.2\Client" DisabledByDefault DWord 1 }
Add-State old-windows 'R5' @{ R5 = 'blocked' } @{} { param($State) $State.System.BuildNumber = '7601'; $State.System.Version = '6.1.7601' }
Add-State layer-negotiates 'R6' @{ R6 = 'would be done' } @{ R6 = 'done' } { param($State) Set-FakeValue $State $Tcp SecurityLayer DWord 1 }
Add-State nla-by-policy 'R6' @{ R6 = 'blocked' } @{} { param($State) Set-FakeValue $State $RdpPolicyKey UserAuthentication DWord 0 }
Add-State nla-broken 'R6' @{ R6 = 'blocked' } @{} { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; $State.TlsBroken = $true }
Add-State nla-in-workgroup 'R6' @{ R6 = 'would be done' } @{ R6 = 'done' } { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; $State.InDomain = $false; $State.Spn = '' }
Add-State nla-dead-pin-unread 'R6' @{ R6 = 'blocked'; R3 = 'would be done'; R1 = 'blocked' } @{ R3 = 'done'; R1 = 'in order'; R6 = 'done' } {
    param($State)
    Set-FakeValue $State $Tcp SSLCertificateSHA1Hash Binary ([byte[]](1..20))
    Set-FakeValue $State $Tcp UserAuthentication DWord 0
}
Add-State closed-mixed 'R7' @{ R7 = 'would be done' } @{ R7 = 'done' } { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False' }; $State.Networks = @('DomainAuthenticated', 'Public') }
Add-State closed-blocks 'R7' @{ R7 = 'blocked' } @{} { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False'; $Rule.Action = 'Block' } }
Add-State closed-port 'R7' @{ R7 = 'blocked'; R8 = 'blocked' } @{} {
    param($State)
    foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False' }
    Set-FakeValue $State $Tcp PortNumber DWord 3390
    foreach ($One in $State.Connections) { $One.LocalPort = 3390 }
}
Add-State closed-off 'R7' @{ R7 = 'in order' } @{} { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False' }; $State.FirewallOff = $true }
Add-State closed-down 'R7' @{ R7 = 'blocked'; R8 = 'blocked' } @{} {
    param($State)
    foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False' }
    $State.Connections = @()
}
Add-State um-stopped 'R8' @{ R8 = 'in order' } @{} { param($State) $State.Services.UmRdpService.State = 'Stopped' }
Add-State station-off 'R8' @{ R8 = 'would be done' } @{ R8 = 'done' } { param($State) Set-FakeValue $State $Tcp fEnableWinStation DWord 0 }
Add-State denied-by-policy 'R8' @{ R8 = 'blocked' } @{} { param($State) Set-FakeValue $State $RdpPolicyKey fDenyTSConnections DWord 1 }
Add-State stop-pending 'R8' @{ R8 = 'blocked' } @{} { param($State) $State.Services.TermService.State = 'Stop Pending' }
Add-State one-address 'R8' @{ R8 = 'blocked' } @{} { param($State) foreach ($One in $State.Connections) { $One.LocalAddress = '10.99.0.1' } }
Add-State denied-and-down 'R8' @{ R8 = 'would be done' } @{ R8 = 'done' } {
    param($State)
    Set-FakeValue $State $Rdp fDenyTSConnections DWord 1
    foreach ($Name in 'TermService', 'UmRdpService') { $State.Services[$Name].State = 'Stopped' }
}
Add-State foreign-while-down 'R8' @{ R8 = 'blocked' } @{} {
    param($State)
    foreach ($Name in 'TermService', 'UmRdpService') { $State.Services[$Name].State = 'Stopped' }
    foreach ($One in $State.Connections) { $One.OwningProcess = 1 }
}
Add-State registers-not 'R9' @{ R9 = 'blocked' } @{} { param($State) $State.InDns = @(); $State.DnsFails = 9501; Set-FakeValue $State 'SYSTEM\CurrentControlSet\Services\Tcpip\Parameters' DisableDynamicUpdate DWord 1 }
Add-State record-unnamed '' @{} @{} { param($State) $State.DnsFails = 9003; $State.InDns = @() }
Add-State clock-controller 'R12' @{ R12 = 'blocked' } @{} { param($State) $State.Time.Offset = 60; $State.System.ProductType = 2 }
Add-State clock-disabled 'R12' @{ R12 = 'blocked' } @{} { param($State) $State.Time.Offset = 60; $State.Services.W32Time.StartMode = 'Disabled' }
Add-State clock-on-demand 'R12' @{ R12 = 'would be done' } @{ R12 = 'done' } {
    param($State)
    $State.Time.Offset = 60
    $State.InDomain = $false
    $State.Services.W32Time.State = 'Stopped'
}
Add-State clock-silent 'R1' @{ R1 = 'blocked' } @{} { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.Time.Offset = $null }
Add-State no-ipv6 'R10' @{ R10 = 'blocked' } @{} { param($State, $Target) $State.InDns = @($Target.Address, '2001:db8::99') }
Add-State past-support 'R20 R13' @{ R20 = 'blocked'; R13 = 'unknown' } @{} { param($State) $State.System.BuildNumber = '9600'; $State.System.Caption = 'Microsoft Windows Server 2012 R2 Standard' }
# Three faults in one run, in their order.
Add-State three-faults 'R1 R3 R6' @{ R3 = 'would be done'; R2 = 'would be done'; R1 = 'would be done'; R6 = 'would be done' } @{ R3 = 'done'; R2 = 'done'; R1 = 'done'; R6 = 'done' } {
    param($State, $Target, $Keys, $KeyFile)
    Set-FakeOwn $State $Target -210 -30
    Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1
    Set-FakeValue $State $Tcp UserAuthentication DWord 0
    $State.Acls[$KeyFile].Rules = @(, @('S-1-5-18', 0x1F01FF, 0, 0))
}

. "$PSScriptRoot/mixed.ps1"

# In CI, one state of each kind of harm; all of them with PWSH_TEST_ALL.
if (-not $env:PWSH_TEST_ALL) {
    $Core = 'key-denied', 'key-sealed', 'three-faults', 'folder-denied', 'env-disabled', 'env-stuck', 'data-gone', 'pinned-dead', 'weak-stuck', 'renewed', 'in-farm', 'tls-off',
    'no-tls', 'no-tls-broken', 'closed', 'taken', 'down-disabled', 'wrong-record', 'dns-silent', 'key-of-system', 'cim-breaks', 'agent-disabled', 'bind-refuses', 'name-not-made', 'bind-term-fixed'
    foreach ($Name in @($States.Keys)) { if ($Core -notcontains $Name) { $States.Remove($Name) } }
}
# PWSH_TEST_STATES is a pattern of the states to run.
if ($env:PWSH_TEST_STATES) { foreach ($Name in @($States.Keys)) { if ($Name -notmatch $env:PWSH_TEST_STATES) { $States.Remove($Name) } } }
