# What runs on a host with -Apply: functions that change, sent after those that read.
$HostChanges = {
    function global:Invoke-RdpProgram {
        param([string] $Program, [string[]] $Words)
        $ErrorActionPreference = 'Continue'
        $Text = (& $Program $Words 2>&1 | ForEach-Object { "$_" }) -join ' '
        @{ Code = $LASTEXITCODE; Text = $Text.Trim() }
    }

    function global:Read-RdpState { param([string] $Name) [string](Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'").State }

    function global:Wait-RdpState {
        param([string] $Name, [string] $State, [int] $Seconds)
        $End = [datetime]::UtcNow.AddSeconds($Seconds)
        while ((Read-RdpState -Name $Name) -ne $State) {
            if ([datetime]::UtcNow -gt $End) { throw "$Name is not $($State.ToLowerInvariant()) after $Seconds s" }
            Start-Sleep -Milliseconds 250
        }
    }

    # Restarts a service that runs, with the services that depend on it; whatever happens, what ran is started again.
    function global:Restart-RdpService {
        param([string] $Name, [string[]] $Dependents, [int] $Seconds)
        $Order = @(@($Dependents | Where-Object { $_ }) + $Name | Where-Object { (Read-RdpState -Name $_) -eq 'Running' })
        if ($Order -notcontains $Name) { return }
        try {
            foreach ($One in $Order) {
                Stop-Service -Name $One -Force -NoWait -WarningAction SilentlyContinue -ErrorAction Stop
                Wait-RdpState -Name $One -State Stopped -Seconds $Seconds
            }
        }
        finally {
            [array]::Reverse($Order)
            foreach ($One in $Order) { if ((Read-RdpState -Name $One) -eq 'Stopped') { Start-Service -Name $One -ErrorAction Continue } }
        }
        Wait-RdpState -Name $Name -State Running -Seconds $Seconds
    }

    function global:Set-RdpValue {
        param($Value)
        if ($null -eq $Value.Value) { Remove-ItemProperty -LiteralPath $Value.Path -Name $Value.Name -ErrorAction Stop; return }
        $Data = $Value.Value
        if ($Value.Kind -eq 'Binary') { $Data = [byte[]]@([regex]::Matches([string]$Data, '..') | ForEach-Object { [System.Convert]::ToByte($_.Value, 16) }) }
        if (-not (Test-Path -LiteralPath $Value.Path)) { New-Item -Path $Value.Path -Force -ErrorAction Stop | Out-Null }
        New-ItemProperty -LiteralPath $Value.Path -Name $Value.Name -Value $Data -PropertyType $Value.Kind -Force -ErrorAction Stop | Out-Null
    }

    function global:Invoke-RdpOwner {
        param([string] $Path, [string] $Owner)
        $Ran = if ($Owner) { Invoke-RdpProgram -Program 'icacls.exe' -Words $Path, '/setowner', "*$Owner" } else { Invoke-RdpProgram -Program 'takeown.exe' -Words '/f', $Path, '/a' }
        if ($Ran.Code -ne 0) { throw "the owner of $Path cannot be changed: $($Ran.Text)" }
    }

    # Adds entries. Ownership is taken where it takes that, and given back.
    function global:Add-RdpRight {
        param([string] $Path, [string[]] $Grants, [string] $Owner, [bool] $Taken)
        $Words = @($Path, '/grant') + $Grants
        try {
            $Ran = Invoke-RdpProgram -Program 'icacls.exe' -Words $Words
            if (($Ran.Code -eq 5) -and -not $Taken) {
                Invoke-RdpOwner -Path $Path
                $Taken = $true
                $Ran = Invoke-RdpProgram -Program 'icacls.exe' -Words $Words
            }
            if ($Ran.Code -ne 0) { throw "the rights of $Path cannot be changed: $($Ran.Text)" }
        }
        finally { if ($Taken -and $Owner) { Invoke-RdpOwner -Path $Path -Owner $Owner } }
    }

    function global:Set-RdpSddl {
        param([string] $Path, [string] $Owner, [string] $Sddl)
        $Item = Get-Item -LiteralPath $Path -Force -ErrorAction Stop
        $Security = $Item.GetAccessControl('Access')
        $Security.SetSecurityDescriptorSddlForm($Sddl, 'Access')
        $Item.SetAccessControl($Security)
        if ($Owner) { Invoke-RdpOwner -Path $Path -Owner $Owner }
    }

    # Lets Windows make its own certificate anew. The old one is removed only where Windows keeps it under a wrong name.
    function global:Invoke-RdpRenewal {
        param($Change, [string[]] $Dependents, [int] $Seconds)
        $ErrorActionPreference = 'Stop'
        $Store = 'Cert:\LocalMachine\Remote Desktop'
        $Before = @(Get-ChildItem -Path $Store -ErrorAction SilentlyContinue | ForEach-Object { $_.Thumbprint })
        function Find-Made {
            $Named = [string](Read-RdpValue -Path $RdpStations -Name SelfSignedCertificate).Value
            Get-ChildItem -Path $Store -ErrorAction SilentlyContinue | Where-Object { ($_.Thumbprint -eq $Named) -and ($Before -notcontains $Named) } | Select-Object -First 1
        }
        function Start-Making {
            if ((Read-RdpState -Name SessionEnv) -eq 'Running') { Restart-RdpService -Name SessionEnv -Seconds $Seconds } else { Start-Service -Name SessionEnv }
            $End = [datetime]::UtcNow.AddSeconds($(if ($Change.Rename) { 5 } else { [math]::Min($Seconds, 30) }))
            while (-not (Find-Made) -and ([datetime]::UtcNow -lt $End)) { Start-Sleep -Milliseconds 250 }
            Find-Made
        }
        $Made = Start-Making
        $Text = ''
        if (-not $Made -and $Change.Rename) {
            $Old = Get-Item -LiteralPath "$Store\$($Change.Thumbprint)"
            $Copy = $Old.RawData
            Remove-Item -LiteralPath "$Store\$($Change.Thumbprint)"
            $Change.Rename = $false
            $Text = "removed $($Change.Thumbprint), which Windows kept; "
            try { $Made = Start-Making }
            finally {
                if (-not $Made) {
                    # It is of use only if its key still opens; otherwise Windows makes one at the next start.
                    $Back = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Store -ArgumentList 'Remote Desktop', 'LocalMachine'
                    $Back.Open('ReadWrite')
                    $Back.Add((New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList @(, $Copy)))
                    $Back.Close()
                }
            }
        }
        if (-not $Made) { throw "${Text}Windows made no new certificate: look for event 1057 or 1058" }
        # The listener takes it up at once, or when TermService starts.
        $Listens = { (Test-RdpListener -Port $Change.Port -Address '').Thumbprint -eq $Made.Thumbprint }
        if ((Read-RdpState -Name TermService) -eq 'Running') {
            if (-not (& $Listens)) { Restart-RdpService -Name TermService -Dependents $Dependents -Seconds $Seconds }
            $End = [datetime]::UtcNow.AddSeconds([math]::Min($Seconds, 20))
            while (-not (& $Listens) -and ([datetime]::UtcNow -lt $End)) { Start-Sleep -Milliseconds 250 }
            $Text += if (& $Listens) { 'served: ' } else { 'not served yet: ' }
        }
        "${Text}$($Made.Thumbprint) until $($Made.NotAfter.ToUniversalTime().ToString('u', [System.Globalization.CultureInfo]::InvariantCulture))"
    }

    function global:Read-RdpRule {
        param([string] $Name)
        $Rule = Get-NetFirewallRule -Name $Name -ErrorAction Stop
        @{ Enabled = [string]$Rule.Enabled; Profile = [string]$Rule.Profile; RemoteAddress = @(($Rule | Get-NetFirewallAddressFilter).RemoteAddress | ForEach-Object { [string]$_ }) }
    }

    # One change, given as JSON; gives what the host has afterwards, as JSON.
    function global:Invoke-RdpChange {
        param([string] $Json, [string[]] $Dependents, [int] $Seconds)
        $ErrorActionPreference = 'Stop'
        $Change = ConvertFrom-Json -InputObject $Json
        $Text = ''
        $After = $null
        switch ($Change.Kind) {
            'registry' {
                Set-RdpValue -Value @{ Path = $Change.Path; Name = $Change.Name; Kind = $Change.ValueKind; Value = $Change.Value }
                $After = Read-RdpValue -Path $Change.Path -Name $Change.Name
                $Text = if ($After.Exists) { "$($Change.Name) is $($After.Value)" } else { "$($Change.Name) is removed" }
            }
            'read security' { $After = Read-RdpSecurity -Path $Change.Path }
            'take' { Invoke-RdpOwner -Path $Change.Path; $After = Read-RdpSecurity -Path $Change.Path }
            'security' {
                Add-RdpRight -Path $Change.Path -Grants $Change.Grants -Owner $Change.Before.Owner -Taken ([bool]$Change.Taken)
                $After = Read-RdpSecurity -Path $Change.Path
                $Text = "rights granted on $($Change.Path)"
            }
            'renew' { $Text = Invoke-RdpRenewal -Change $Change -Dependents $Dependents -Seconds $Seconds }
            'bind' {
                Get-CimInstance -Namespace root/cimv2/TerminalServices -ClassName Win32_TSGeneralSetting -Filter "TerminalName='RDP-Tcp'" | Set-CimInstance -Property @{ SSLCertificateSHA1Hash = [string]$Change.Thumbprint }
                $After = Read-RdpValue -Path $RdpTcp -Name SSLCertificateSHA1Hash
                if ($After.Value -ne $Change.Thumbprint) { throw "Windows did not take the certificate $($Change.Thumbprint)" }
                $Text = "bound $($Change.Thumbprint)"
            }
            'test' {
                $Served = Test-RdpListener -Port $Change.Port -Address ''
                if ($Served.State -ne 'works') { throw "the TLS handshake fails: $($Served.Why)" }
            }
            'firewall' {
                # Narrowed before it is turned on.
                Set-NetFirewallRule -Name $Change.Name -Profile $Change.Profile -RemoteAddress @($Change.RemoteAddress) -Confirm:$false
                Enable-NetFirewallRule -Name $Change.Name -Confirm:$false
                $After = Read-RdpRule -Name $Change.Name
                $Text = "$($Change.Name) is on for $($Change.Profile) from $(@($Change.RemoteAddress) -join ', ')"
            }
            'read rule' { $After = Read-RdpRule -Name $Change.Name }
            'start' { Start-Service -Name $Change.Service; Wait-RdpState -Name $Change.Service -State Running -Seconds $Seconds; $Text = "$($Change.Service) is running" }
            'register' { Register-DnsClient -Confirm:$false; $Text = 'registered' }
            'resync' {
                if ((Read-RdpState -Name W32Time) -ne 'Running') { Start-Service -Name W32Time }
                $Ran = Invoke-RdpProgram -Program 'w32tm.exe' -Words '/resync', '/rediscover'
                if ($Ran.Code -ne 0) { throw $Ran.Text }
                $Text = 'time fetched'
            }
            'restart' { Restart-RdpService -Name $Change.Service -Dependents $(if ($Change.Service -eq 'TermService') { $Dependents }) -Seconds $Seconds; $Text = "$($Change.Service) restarted" }
            # What undo does.
            'read registry' { $After = Read-RdpValue -Path $Change.Path -Name $Change.Name }
            'put back registry' { Set-RdpValue -Value @{ Path = $Change.Path; Name = $Change.Name; Kind = $Change.Before.Kind; Value = $(if ($Change.Before.Exists) { $Change.Before.Value }) }; $Text = "$($Change.Name) is as before" }
            'put back security' {
                if (-not ([System.IO.Path]::GetFullPath($Change.Path)).StartsWith([System.IO.Path]::GetFullPath($RdpCrypto), [System.StringComparison]::OrdinalIgnoreCase)) { throw "$($Change.Path) is no key of this host" }
                Set-RdpSddl -Path $Change.Path -Owner $Change.Before.Owner -Sddl $Change.Before.Sddl
                $Text = "$($Change.Path) has its rights as before"
            }
            'put back firewall' { Set-NetFirewallRule -Name $Change.Name -Enabled $Change.Before.Enabled -Profile $Change.Before.Profile -RemoteAddress @($Change.Before.RemoteAddress) -Confirm:$false; $Text = "$($Change.Name) is as before" }
            'read service' { $After = @{ State = Read-RdpState -Name $Change.Service } }
            'put back start' { foreach ($Name in @($Dependents) + 'TermService') { if ((Read-RdpState -Name $Name) -eq 'Running') { Stop-Service -Name $Name -Force -NoWait; Wait-RdpState -Name $Name -State Stopped -Seconds $Seconds } }; $Text = 'TermService is stopped' }
            default { throw "unknown change '$($Change.Kind)'" }
        }
        ConvertTo-Json -Compress -Depth 6 -InputObject @{ Text = [string]$Text; After = $After }
    }
}
